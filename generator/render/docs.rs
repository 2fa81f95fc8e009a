//! Descriptions of a document as doc comments.

use proc_macro2::TokenStream;
use quote::quote;

use crate::naming::is_invisible;

/// Doc comments for an item, one attribute a line, paragraphs apart.
pub(super) fn docs<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> TokenStream {
    let lines = lines(paragraphs);
    quote!(#(#[doc = #lines])*)
}

/// Doc comments for the module that they stand in.
pub(super) fn module_docs<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> TokenStream {
    let lines = lines(paragraphs);
    quote!(#(#![doc = #lines])*)
}

fn lines<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in paragraphs {
        let paragraph = paragraph.trim();
        if paragraph.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(readable(paragraph));
    }
    lines
}

/// The lines of a description, so that nothing in it is taken for a doctest or a control sequence.
fn readable(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = escape(line.trim_end());
        let body = line.trim_start();
        if body.starts_with("```") || body.starts_with("~~~") {
            fenced = !fenced;
            // rustdoc takes a block without a language for Rust, and runs it.
            lines.push(if fenced { " ```text" } else { " ```" }.to_owned());
        } else if body.is_empty() {
            lines.push(String::new());
        } else {
            // Four spaces would make a code block as well.
            let indent = line.len() - body.len();
            let kept = if fenced { indent } else { indent.min(3) };
            lines.push(format!(" {}{body}", " ".repeat(kept)));
        }
    }
    if fenced {
        lines.push(" ```".to_owned());
    }
    lines
}

/// Control and bidirectional characters by their code: what is read is what is there.
fn escape(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '\t' => escaped.push_str("    "),
            c if c.is_control() || is_invisible(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}
