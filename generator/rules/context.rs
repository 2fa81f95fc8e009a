//! What all rules look at.

use crate::diagnostic::Location;
use crate::document::{Document, Node};
use crate::resolve::Resolver;

use super::parts::Parts;

/// What the rules look at.
pub(super) struct Rules<'r, 'a> {
    pub(super) document: &'r Document<'a>,
    pub(super) resolver: &'r Resolver<'a>,
    pub(super) parts: &'r Parts<'a>,
}

/// The place of some words in a text of the document, or of the whole text where they are written otherwise.
pub(super) fn within(text: Node<'_>, location: Location, words: &str) -> Location {
    let start = location.span.start;
    let source = text.file().text().get(location.span.clone());
    match source.and_then(|source| source.find(words)) {
        Some(offset) if !words.is_empty() => Location {
            span: start + offset..start + offset + words.len(),
            ..location
        },
        _ => location,
    }
}
