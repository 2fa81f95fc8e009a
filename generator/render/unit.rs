//! A module while it is written: the types that it may mention, and what it has to import.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::model::{RouteId, Types};

/// A module while it is written. Whoever writes a name that has to be imported says so here.
pub(super) struct Unit<'s> {
    pub(super) types: &'s Types,
    imports: RefCell<BTreeSet<Import>>,
}

/// A name that a module imports if it is mentioned there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Import {
    /// `wsgen_runtime::codegen`
    Codegen,
    /// `wsgen_runtime::codegen::check`
    Check,
    /// `wsgen_runtime::codegen::Validate`, for its method or for an `impl`.
    Validate,
    /// `wsgen_runtime::DecodeError`
    DecodeError,
    /// The module `messages`.
    Messages,
    /// The module of a route.
    Route(RouteId),
}

impl<'s> Unit<'s> {
    pub(super) fn new(types: &'s Types) -> Self {
        Self {
            types,
            imports: RefCell::default(),
        }
    }

    /// Says that a name is mentioned.
    pub(super) fn import(&self, import: Import) {
        self.imports.borrow_mut().insert(import);
    }

    /// Whether a name was mentioned so far: asked once the module is written.
    pub(super) fn imports(&self, import: Import) -> bool {
        self.imports.borrow().contains(&import)
    }
}
