//! What the specification asks of a document beyond the shape of its parts, in `components` as well as in use.
//!
//! Nothing here is worse than a warning: code can be generated all the same, or another stage refuses what cannot.

mod addresses;
mod context;
mod examples;
mod operations;
mod parts;
mod schemas;
mod security;
mod unique;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::document::{Document, Sources};
use crate::resolve::Resolver;
use context::Rules;
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
