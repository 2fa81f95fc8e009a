//! Names that must be unique in a document.

use std::collections::HashMap;

use super::context::Rules;
use super::parts::Role;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Node, Version};

/// Warns of operations and messages of the same name.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    if let Version::V2(_) = rules.document.version {
        let operations = rules.parts.of_role(Role::Operation);
        for (id, first) in repeated(operations, "operationId", |_, _| false) {
            report(
                id,
                first,
                Code::DuplicateOperationId,
                "operation",
                diagnostics,
            );
        }
        let messages = rules.parts.of_role(Role::Message);
        for (id, first) in repeated(messages, "messageId", Node::equals) {
            report(id, first, Code::DuplicateMessageId, "message", diagnostics);
        }
    }
}

/// The names that an earlier part has too, each with the first of them, unless the part is the same as that.
///
/// Where references were replaced by what they stand for, one message is written several times.
fn repeated<'a>(
    parts: impl Iterator<Item = Node<'a>>,
    key: &str,
    same: fn(Node<'a>, Node<'a>) -> bool,
) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
    let mut named: Vec<(Node<'a>, Node<'a>)> = parts
        .filter_map(|part| Some((part, part.get(key).filter(|id| id.as_str().is_some())?)))
        .collect();
    named.sort_by_key(|(_, id)| (id.location().file, id.location().span.start));
    let mut first_of: HashMap<&str, (Node<'a>, Node<'a>)> = HashMap::new();
    named.into_iter().filter_map(move |(part, id)| {
        let (first, first_id) = *first_of.entry(id.as_str()?).or_insert((part, id));
        (first.id() != part.id() && !same(first, part)).then_some((id, first_id))
    })
}

fn report(id: Node<'_>, first: Node<'_>, code: Code, what: &str, diagnostics: &mut Diagnostics) {
    let name = id.as_str().unwrap_or_default();
    let message = format!("another {what} is called `{name}` already");
    diagnostics
        .warning(code, id.location(), message)
        .related(first.location(), format!("the first {what} of this name"))
        .help("give each a name of its own");
}
