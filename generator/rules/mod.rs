//! What the specification asks of a document beyond the shape of its parts, in `components` as well as in use.
//!
//! Nothing here is worse than a warning: code can be generated all the same, or another stage refuses what cannot.

mod addresses;
mod examples;
mod operations;
mod parts;
mod schemas;
mod security;
mod unique;

use crate::diagnostic::{Diagnostic, Diagnostics, Location, Severity};
use crate::document::{Document, Node, Sources};
use crate::resolve::Resolver;
use parts::Parts;

/// Checks all parts of a document by all rules.
pub(crate) fn check<'a>(
    document: &Document<'a>,
    sources: &'a Sources,
    diagnostics: &mut Diagnostics,
) {
    let resolver = Resolver::new(sources);
    // A fault in a part that nothing uses is nothing to refuse the document for; where it is used, that is said there.
    let mut faults = Diagnostics::new();
    let parts = Parts::of(document.node, document.version, &resolver, &mut faults);
    let rules = Rules {
        document,
        resolver: &resolver,
        parts: &parts,
    };
    unique::check(&rules, &mut faults);
    addresses::check(&rules, &mut faults);
    security::check(&rules, &mut faults);
    operations::check(&rules, &mut faults);
    schemas::check(&rules, &mut faults);
    examples::check(&rules, &mut faults);
    for fault in faults.iter() {
        diagnostics.add(Diagnostic {
            severity: fault.severity.max(Severity::Warning),
            ..fault.clone()
        });
    }
}

/// What the rules look at.
struct Rules<'r, 'a> {
    document: &'r Document<'a>,
    resolver: &'r Resolver<'a>,
    parts: &'r Parts<'a>,
}

/// The place of some words in a text of the document, or of the whole text where they are written otherwise.
fn within(text: Node<'_>, location: Location, words: &str) -> Location {
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
