//! Whether a value of a document conforms to a schema of the document: for examples, defaults, and nothing at run time.
//!
//! Draft 7 with the words that documents use beside it. What cannot be decided (a reference that leads nowhere, a
//! pattern in another dialect, more work than anyone means) conforms: a fault is only reported where there is one.

mod check;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use values::is_nullable;

use std::collections::HashMap;

use regex_lite::Regex;

use crate::diagnostic::Diagnostics;
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
    depth: usize,
}

/// Whether `value` conforms to `schema`.
///
/// # Errors
/// The first violation.
pub(crate) fn conforms<'a>(
    schema: Node<'a>,
    value: Node<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Result<(), Violation<'a>> {
    Validator::new(resolver).check(schema, value, diagnostics)
}

/// Checks values, and remembers the patterns that it has compiled.
#[derive(Debug)]
pub(crate) struct Validator<'a, 'r> {
    resolver: &'r Resolver<'a>,
    patterns: HashMap<&'a str, Option<Regex>>,
    /// How many schemas may still be applied, so that a document cannot keep us busy.
    budget: usize,
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

    /// As [`conforms`].
    pub(crate) fn check(
        &mut self,
        schema: Node<'a>,
        value: Node<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Violation<'a>> {
        let mut check = check::Check {
            validator: self,
            diagnostics,
            nesting: 0,
            depth: 0,
        };
        check.apply(schema, value)
    }
}

/// Whether a `schemaFormat` names something that is no JSON Schema.
pub(crate) fn is_foreign(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    ["avro", "protobuf", "raml", "xml"]
        .iter()
        .any(|name| format.contains(name))
}
