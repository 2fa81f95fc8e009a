//! What the user decided: by which value of which property a message is known.

use crate::document;
use crate::options::Options;

use super::super::context::Context;
use super::super::messages::MessagesOneWay;
use super::Decided;
use crate::diagnostic::{Code, nearest};

/// What is decided of the messages that go one way over a route. One property tells them apart: that of the first rule.
pub(super) fn for_route(options: &Options, messages: &MessagesOneWay<'_, '_>) -> Option<Decided> {
    let rules = || {
        options.messages.iter().flat_map(|rule| {
            let called = messages.entries();
            let called = called.filter(|(_, message)| {
                message.name == rule.message || is_called(message.found.message, &rule.message)
            });
            called.map(move |(id, _)| (rule, id))
        })
    };
    let (first, _) = rules().next()?;
    let values = rules()
        .filter(|(rule, _)| rule.property == first.property)
        .flat_map(|(rule, id)| rule.values.iter().map(move |value| (value.clone(), id)));
    let path = first.property.split('.').map(str::to_owned).collect();
    Some((path, values.collect()))
}

/// Says which of the messages that the user speaks of the document does not have.
pub(super) fn check(cx: &mut Context<'_, '_>) {
    let document = cx.document;
    let messages = || {
        document
            .channels
            .iter()
            .flat_map(|channel| &channel.messages)
    };
    for rule in &cx.options.messages {
        if messages().any(|message| is_called(message, &rule.message)) {
            continue;
        }
        let names = messages().filter_map(|message| message.key.or(message.name));
        let help = match nearest(&rule.message, names) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => "`wsgen inspect` lists the messages of a document".to_owned(),
        };
        cx.diagnostics
            .error(
                Code::UnknownMessage,
                document.node.location(),
                format!(
                    "the document has no message `{}`, of which the settings speak",
                    rule.message
                ),
            )
            .help(help);
    }
}

fn is_called(message: &document::Message<'_>, name: &str) -> bool {
    [message.key, message.name, message.message_id].contains(&Some(name))
}
