//! Whether a value of a document conforms to a schema of the document: for examples, defaults, and nothing at run time.
//!
//! Draft 7 with the words that documents use beside it. What cannot be decided (a reference that leads nowhere, a
//! pattern in another dialect, more work than anyone means) conforms: a fault is only reported where there is one.

mod check;
#[cfg(test)]
mod tests;
mod type_names;
mod validator;
mod values;

pub(crate) use check::integer_bounds;
pub(crate) use type_names::meant_type;
pub(crate) use validator::{Validator, Violation};
pub(crate) use values::is_nullable;

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::resolve::Resolver;

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

/// Whether a `schemaFormat` names something that is no JSON Schema.
pub(crate) fn is_foreign(format: &str) -> bool {
    let format = format.to_ascii_lowercase();
    ["avro", "protobuf", "raml", "xml"]
        .iter()
        .any(|name| format.contains(name))
}
