//! What the document says of messages and operations, and no generated code does: said with its place.

use std::collections::HashSet;

use crate::diagnostic::Code;
use crate::document::{self, Node, NodeId, Operation};
use crate::model::RouteId;
use crate::table::Table;

use super::context::Context;
use super::directions::{Direction, Directions};
use super::facts::Facts;
use super::layout::Group;

/// Warns of headers of messages, of operations without a handler, of replies that do not go where they are said to go, and
/// of correlation ids that are nowhere.
pub(super) fn report<'a>(
    cx: &mut Context<'_, 'a>,
    layout: &Table<RouteId, Group>,
    directions: &Table<RouteId, Directions<'_, 'a>>,
) {
    let mut seen: HashSet<NodeId> = HashSet::new();
    for (route, directions) in directions.entries() {
        let all = directions.inbound.iter().chain(directions.outbound.iter());
        for found in all {
            if seen.insert(found.message.node.id()) {
                report_headers(cx, found.message);
                report_correlation(cx, found.message);
            }
        }
        report_shared(cx, &directions.inbound);
        report_replies(cx, &layout[route], layout);
    }
}

/// What a message is called in a finding.
fn name<'a>(message: &document::Message<'a>) -> &'a str {
    let names = [message.key, message.name, message.message_id, message.title];
    names.into_iter().flatten().next().unwrap_or("the message")
}

fn report_headers(cx: &mut Context<'_, '_>, message: &document::Message<'_>) {
    let Some(headers) = message.headers else {
        return;
    };
    cx.diagnostics
        .warning(
            Code::MessageHeaders,
            headers.key_location(),
            format!(
                "the headers of `{}` are neither sent nor read: a WebSocket frame has none",
                name(message)
            ),
        )
        .help("move what the other side needs into the payload; headers of the handshake are in the binding of the channel, `bindings.ws.headers`");
}

fn report_correlation<'a>(cx: &mut Context<'_, 'a>, message: &document::Message<'a>) {
    let Some(expression) = message.correlation else {
        return;
    };
    let correlation = message.node.get("correlationId").unwrap_or(message.node);
    let place = correlation.get("location").unwrap_or(correlation);
    let Some(pointer) = expression.strip_prefix("$message.payload#") else {
        // A header is reported with the headers, if there are any.
        if message.headers.is_none() || !expression.starts_with("$message.header") {
            cx.diagnostics
                .warning(
                    Code::InvalidValue,
                    place.location(),
                    format!(
                        "`{expression}` leads to no property of the payload of `{}`",
                        name(message)
                    ),
                )
                .help("write `$message.payload#/` and the name of the property that has the id");
        }
        return;
    };
    let mut schemas: Vec<Node<'a>> = message.payload.into_iter().collect();
    for part in pointer.split('/').skip(1) {
        let mut facts = Facts::default();
        for schema in schemas {
            facts.add(schema, &cx.resolver, cx.diagnostics);
        }
        // What has alternatives, or says nothing of its properties, may have it.
        if !facts.choices.is_empty() || facts.properties.is_empty() {
            return;
        }
        let part = part.replace("~1", "/").replace("~0", "~");
        match facts.properties.get(part.as_str()) {
            Some(found) => schemas = found.clone(),
            None => {
                let names = facts.properties.keys().copied();
                let help = match cx.diagnostics.nearest(&part, names) {
                    Some(similar) => format!("did you mean `{similar}`?"),
                    None => "add the property to the payload, or correct the location".to_owned(),
                };
                cx.diagnostics
                    .warning(
                        Code::InvalidValue,
                        place.location(),
                        format!("the payload of `{}` has no property `{part}`: the correlation id is not copied", name(message)),
                    )
                    .help(help);
                return;
            }
        }
    }
}

/// An operation whose message is handled by another one.
fn report_shared(cx: &mut Context<'_, '_>, inbound: &Direction<'_, '_>) {
    for found in inbound.iter() {
        let Some(first) = found.operation() else {
            continue;
        };
        let others = found
            .operations()
            .filter(|other| !std::ptr::eq(*other, first));
        for other in others {
            cx.diagnostics
                .warning(
                    Code::SharedMessage,
                    other.node.key_location(),
                    format!(
                        "`{}` has no handler of its own for `{}`: `{}` takes it",
                        called(other),
                        name(found.message),
                        called(first)
                    ),
                )
                .related(first.node.key_location(), "the operation that takes it")
                .help("a message that arrives is handled once: do both in one handler, or give each operation a message of its own");
        }
    }
}

fn called<'a>(operation: &Operation<'a>) -> &'a str {
    operation.name.unwrap_or("the operation")
}

/// A reply of which the document says that it goes over another route.
fn report_replies(cx: &mut Context<'_, '_>, group: &Group, layout: &Table<RouteId, Group>) {
    let document = cx.document;
    let own = |operation: &&Operation<'_>| group.channels.contains(&operation.channel);
    for operation in document.operations.iter().filter(own) {
        let Some(reply) = &operation.reply else {
            continue;
        };
        let is_elsewhere = !group.channels.contains(&reply.channel)
            && layout
                .iter()
                .any(|other| other.channels.contains(&reply.channel));
        if is_elsewhere && reply.node.get("address").is_none() {
            let channel = reply.node.get("channel").unwrap_or(reply.node);
            cx.diagnostics
                .warning(
                    Code::ReplyChannel,
                    channel.key_location(),
                    format!(
                        "the reply of `{}` is sent to whoever asked, on the same connection, and not on `{}`",
                        called(operation),
                        document.channels[reply.channel].name
                    ),
                )
                .help("leave out `channel` of the reply if this is what is meant; else publish the message from the handler to a topic that the connections of the other channel join");
        }
    }
}
