//! What one run of checks keeps, and what it finds.

use std::collections::HashMap;

use regex_lite::Regex;

use crate::document::Node;
use crate::resolve::Resolver;

/// Where and why a value does not conform.
#[derive(Clone, Debug)]
pub(crate) struct Violation<'a> {
    /// The innermost value that is at fault.
    pub(crate) value: Node<'a>,
    /// The schema that it violates.
    pub(crate) schema: Node<'a>,
    /// What is wrong, such as "expected a string, found a number".
    pub(crate) reason: String,
    /// How many values deep.
    pub(super) depth: usize,
}

/// Checks values, and remembers the patterns that it has compiled.
#[derive(Debug)]
pub(crate) struct Validator<'a, 'r> {
    pub(super) resolver: &'r Resolver<'a>,
    pub(super) patterns: HashMap<&'a str, Option<Regex>>,
    /// How many schemas may still be applied, so that a document cannot keep us busy.
    pub(super) budget: usize,
}

impl<'a, 'r> Validator<'a, 'r> {
    /// How many schemas are applied to values in one run: far more than documents need.
    const BUDGET: usize = 1_000_000;

    pub(crate) fn new(resolver: &'r Resolver<'a>) -> Self {
        Validator {
            resolver,
            patterns: HashMap::new(),
            budget: Validator::BUDGET,
        }
    }
}
