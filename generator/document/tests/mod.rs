//! What is read from texts, and what is said about those that are off.

mod reading;
mod text;

use super::{Document, Sources, read};
use crate::diagnostic::{Code, Diagnostics};

/// The findings in order: code, line, column and the text that is marked.
fn found(sources: &Sources, diagnostics: &Diagnostics) -> Vec<(Code, usize, usize, String)> {
    let place = |diagnostic: &crate::diagnostic::Diagnostic| {
        let location = diagnostic.location.clone().unwrap();
        let file = sources.file(location.file);
        let (line, column) = file.position(location.span.start);
        (
            diagnostic.code,
            line,
            column,
            file.text()[location.span].to_owned(),
        )
    };
    diagnostics.iter().map(place).collect()
}

/// Reads a document and hands it to a check, with what was found.
fn reading(text: &str, check: impl FnOnce(&Document<'_>, &[(Code, usize, usize, String)])) {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", text, &mut diagnostics);
    let document = read(&sources, &mut diagnostics).unwrap();
    check(&document, &found(&sources, &diagnostics));
}

/// What is found in a text that is no document.
fn refused(name: &str, text: impl Into<Vec<u8>>) -> (Code, usize, usize, String) {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text(name, text, &mut diagnostics);
    assert!(read(&sources, &mut diagnostics).is_none());
    let found = found(&sources, &diagnostics);
    assert_eq!(found.len(), 1, "one finding for one fault: {found:?}");
    found.into_iter().next().unwrap()
}
