//! Operations of `components`, which the reader does not read: their messages must be of their channel too.

use std::collections::HashSet;

use super::context::Rules;
use super::parts::Role;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Node, NodeId, Version};

/// Warns of operations and replies with messages that their channel does not have.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    if let Version::V2(_) = rules.document.version {
        return;
    }
    let read = &rules.document.operations;
    let replies = read.iter().filter_map(|operation| operation.reply.as_ref());
    let read: HashSet<NodeId> = read
        .iter()
        .map(|operation| operation.node.id())
        .chain(replies.map(|reply| reply.node.id()))
        .collect();
    let operations = rules.parts.of_role(Role::Operation);
    let parts = operations.chain(rules.parts.of_role(Role::Reply));
    for part in parts.filter(|part| !read.contains(&part.id())) {
        check_messages(rules, part, diagnostics);
    }
}

fn check_messages<'a>(rules: &Rules<'_, 'a>, part: Node<'a>, diagnostics: &mut Diagnostics) {
    let Some((channel, messages)) = part.get("channel").zip(part.get("messages")) else {
        return;
    };
    let Some(carrier) = rules.resolver.follow(channel, diagnostics) else {
        return;
    };
    let carried = carrier.get("messages").into_iter().flat_map(Node::entries);
    let carried: HashSet<NodeId> = carried.map(|(_, entry)| entry.id()).collect();
    for item in messages.items().filter(|item| item.reference().is_some()) {
        let target = rules.resolver.target(item, diagnostics);
        if target.is_none_or(|target| carried.contains(&target.id())) {
            continue;
        }
        let name = rules
            .resolver
            .reference_name(channel)
            .unwrap_or("its channel");
        let message = format!("this message is not one of the channel `{name}`");
        diagnostics
            .warning(
                Code::MessageNotInChannel,
                item.reference_location(),
                message,
            )
            .help("refer to one of the `messages` of the channel");
    }
}
