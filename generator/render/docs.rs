//! Descriptions of a document as doc comments.

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::inert;

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

/// Each behind a space, as comments are written by hand.
fn lines<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let text = inert(paragraphs);
    text.lines()
        .map(|line| match line.trim_end() {
            "" => String::new(),
            line => format!(" {line}"),
        })
        .collect()
}
