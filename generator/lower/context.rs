//! What all passes share.

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Sources};
use crate::naming::{PRELUDE, Scope};
use crate::options::Options;
use crate::resolve::Resolver;

/// The document, what the user decided about it, and where to complain.
pub(super) struct Context<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) options: &'d Options,
    pub(super) resolver: Resolver<'a>,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// The names of types and traits that are taken.
    pub(super) type_names: Scope,
}

impl<'d, 'a> Context<'d, 'a> {
    pub(super) fn new(
        document: &'d Document<'a>,
        sources: &'a Sources,
        options: &'d Options,
        diagnostics: &'d mut Diagnostics,
    ) -> Self {
        Self {
            document,
            options,
            resolver: Resolver::new(sources),
            diagnostics,
            type_names: Scope::reserving(PRELUDE),
        }
    }
}
