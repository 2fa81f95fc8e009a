//! Operations: `publish` and `subscribe` of 2.x, `operations` of 3.x with their replies.

use super::Reader;
use crate::diagnostic::{Code, nearest};
use crate::document::{Action, Node, Operation, Reply};

impl<'a> Reader<'a, '_> {
    /// Reads `publish` and `subscribe` of a channel of 2.x.
    pub(super) fn read_operations_of(&mut self, channel: usize) {
        let node = self.channels[channel].node;
        for (key, action) in [("publish", Action::Receive), ("subscribe", Action::Send)] {
            let Some(entry) = node.get(key) else { continue };
            let Some(node) = self.object(entry, &format!("`{key}`")) else {
                continue;
            };
            self.know(
                node,
                &format!("`{key}`"),
                &[
                    "operationId",
                    "summary",
                    "description",
                    "security",
                    "tags",
                    "externalDocs",
                    "bindings",
                    "traits",
                    "message",
                ],
            );
            let messages = node
                .get("message")
                .map(|entry| self.message_or_messages(channel, entry));
            let layers = self.layers(node);
            let name = self.text(layers.get("operationId"));
            self.websocket_binding(layers.get("bindings"));
            let operation = Operation {
                node,
                name,
                action,
                channel,
                summary: self.text(layers.get("summary")),
                description: self.text(layers.get("description")),
                messages: messages.unwrap_or_default(),
                reply: None,
                security: self.requirements(layers.get("security")),
            };
            self.operations.push(operation);
        }
    }

    /// Reads `operations` of 3.x.
    pub(super) fn read_operations(&mut self) {
        if !self.is_v3() {
            return;
        }
        for (name, entry) in self.entries(self.root.get("operations"), "`operations`") {
            let what = format!("the operation `{name}`");
            if let Some(node) = self.object(entry, &what)
                && let Some(operation) = self.operation(name, node, &what)
            {
                self.operations.push(operation);
            }
        }
    }

    fn message_or_messages(&mut self, channel: usize, entry: Node<'a>) -> Vec<usize> {
        let several = entry.is_array();
        if several {
            self.diagnostics
                .warning(
                    Code::WrongType,
                    entry.key_location(),
                    "`message` is one message, not a list of messages",
                )
                .help("put the list under `oneOf`");
        }
        let entries: Vec<Node<'a>> = if several {
            entry.items().collect()
        } else {
            vec![entry]
        };
        unique(
            entries
                .into_iter()
                .flat_map(|entry| self.add_messages(channel, entry, None, 0)),
        )
    }

    fn operation(&mut self, name: &'a str, node: Node<'a>, what: &str) -> Option<Operation<'a>> {
        self.know(
            node,
            what,
            &[
                "action",
                "channel",
                "title",
                "summary",
                "description",
                "security",
                "tags",
                "externalDocs",
                "bindings",
                "traits",
                "messages",
                "reply",
            ],
        );
        let action = self.action(node, what);
        let channel = self.operation_channel(name, node, what);
        let (action, channel) = action.zip(channel)?;
        let layers = self.layers(node);
        self.websocket_binding(layers.get("bindings"));
        let messages = self.messages_of(node.get("messages"), channel);
        Some(Operation {
            node,
            name: Some(name),
            action,
            channel,
            summary: self.text(layers.get("summary")),
            description: self.text(layers.get("description")),
            messages,
            reply: node
                .get("reply")
                .and_then(|reply| self.reply(reply, channel)),
            security: self.requirements(layers.get("security")),
        })
    }

    fn action(&mut self, operation: Node<'a>, what: &str) -> Option<Action> {
        let Some(node) = operation.get("action") else {
            self.report_missing(
                operation,
                what,
                "action",
                "add `action: send` or `action: receive`",
            );
            return None;
        };
        let text = self.text(Some(node))?;
        let help = match text {
            "send" => return Some(Action::Send),
            "receive" => return Some(Action::Receive),
            "publish" => "that is 2.x: what 2.x calls `publish` is `receive` in 3.x",
            "subscribe" => "that is 2.x: what 2.x calls `subscribe` is `send` in 3.x",
            _ if nearest(text, ["send"]).is_some() => "did you mean `send`?",
            _ if nearest(text, ["receive"]).is_some() => "did you mean `receive`?",
            _ => "write `send` or `receive`",
        };
        let message = format!("{what} has the action `{text}`, which does not exist");
        self.diagnostics
            .error(Code::InvalidValue, node.location(), message)
            .help(help);
        None
    }

    fn operation_channel(
        &mut self,
        name: &'a str,
        operation: Node<'a>,
        what: &str,
    ) -> Option<usize> {
        let Some(node) = operation.get("channel") else {
            self.report_missing(
                operation,
                what,
                "channel",
                "add a reference: `channel: { $ref: '#/channels/name' }`",
            );
            return None;
        };
        self.channel_by_reference(name, node)
    }

    /// The channel that an operation or a reply refers to; one of `components` joins the others, with a warning.
    fn channel_by_reference(&mut self, name: &'a str, node: Node<'a>) -> Option<usize> {
        if let Some(text) = node.as_str() {
            return self.channel_by_name(text, node);
        }
        let trail = self.resolver.trail(node, self.diagnostics);
        let end = trail
            .last()
            .copied()
            .filter(|end| end.reference().is_none())?;
        if let Some(&index) = trail
            .iter()
            .find_map(|step| self.channel_ids.get(&step.id()))
        {
            return Some(index);
        }
        let name = self.resolver.reference_name(node).unwrap_or(name);
        if end.is_object() {
            self.diagnostics
                .warning(
                    Code::ComponentChannelReference,
                    node.location(),
                    format!("the channel `{name}` is not in `channels`; it is served all the same"),
                )
                .help(format!(
                    "add it: `channels: {{ {name}: … }}`, and refer to `#/channels/{name}`"
                ));
        }
        self.add_channel(name, node)
    }

    fn channel_by_name(&mut self, text: &str, node: Node<'a>) -> Option<usize> {
        let name = text.trim_start_matches("#/channels/");
        let found = self
            .channels
            .iter()
            .position(|channel| channel.name == name);
        match found {
            Some(_) => {
                self.diagnostics
                    .warning(
                        Code::WrongType,
                        node.location(),
                        "a channel is referred to, not named",
                    )
                    .help(format!("write `$ref: '#/channels/{name}'`"));
            }
            None => {
                let help = match nearest(name, self.channels.iter().map(|channel| channel.name)) {
                    Some(similar) => format!("write `$ref: '#/channels/{similar}'`"),
                    None => "write `$ref: '#/channels/name'`".to_owned(),
                };
                let message =
                    format!("expected a reference to a channel, found the string `{text}`");
                self.diagnostics
                    .error(Code::WrongType, node.location(), message)
                    .help(help);
            }
        }
        found
    }

    fn reply(&mut self, entry: Node<'a>, operation_channel: usize) -> Option<Reply<'a>> {
        let node = self.object(entry, "`reply`")?;
        self.know(node, "`reply`", &["address", "channel", "messages"]);
        let items = node.get("messages");
        let channel = match node.get("channel") {
            Some(channel) => self.channel_by_reference("reply", channel)?,
            None => self.channel_of_messages(items).unwrap_or(operation_channel),
        };
        Some(Reply {
            node,
            channel,
            messages: self.messages_of(items, channel),
        })
    }

    /// The channel that the messages of a reply without `channel` are of.
    fn channel_of_messages(&mut self, messages: Option<Node<'a>>) -> Option<usize> {
        let first = messages?.items().next()?;
        let trail = self.resolver.trail(first, self.diagnostics);
        trail
            .iter()
            .find_map(|step| self.message_entries.get(&step.id()))
            .map(|&(channel, _)| channel)
    }

    /// The messages that an operation or a reply names; all of the channel where it names none.
    fn messages_of(&mut self, list: Option<Node<'a>>, channel: usize) -> Vec<usize> {
        let items = self.items(list, "`messages`");
        if items.is_empty() {
            return (0..self.channels[channel].messages.len()).collect();
        }
        unique(
            items
                .into_iter()
                .flat_map(|item| self.message_of(item, channel)),
        )
    }

    fn message_of(&mut self, item: Node<'a>, channel: usize) -> Vec<usize> {
        let trail = self.resolver.trail(item, self.diagnostics);
        if trail.last().is_some_and(|end| end.reference().is_some()) {
            return Vec::new();
        }
        let entry = trail
            .iter()
            .find_map(|step| self.message_entries.get(&step.id()).copied());
        if let Some((_, index)) = entry.filter(|&(of, _)| of == channel) {
            return vec![index];
        }
        let known = trail
            .iter()
            .find_map(|step| self.message_targets.get(&(channel, step.id())).copied());
        let message = self.resolver.reference_name(item).unwrap_or("message");
        let name = self.channels[channel].name;
        let right = format!(
            "#/channels/{}/messages/{message}",
            name.replace('~', "~0").replace('/', "~1")
        );
        if entry.is_some() || known.is_none() {
            let message = format!(
                "the message is not one of the channel `{name}`; it is served there all the same"
            );
            self.diagnostics
                .warning(Code::MessageNotInChannel, item.location(), message)
                .help(format!(
                    "add it to the `messages` of the channel, and refer to `{right}`"
                ));
        } else {
            self.diagnostics
                .warning(Code::ComponentMessageReference, item.location(), "an operation refers to the messages of its channel, not to where these come from")
                .help(format!("write `$ref: '{right}'`"));
        }
        known.map_or_else(
            || self.add_messages(channel, item, None, 0),
            |index| vec![index],
        )
    }

    fn report_missing(&mut self, node: Node<'a>, what: &str, key: &str, help: &str) {
        self.diagnostics
            .error(
                Code::MissingProperty,
                node.key_location(),
                format!("{what} has no `{key}`"),
            )
            .help(help);
    }
}

/// The indices in their order, each once.
fn unique(indices: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut seen = std::collections::HashSet::new();
    indices.filter(|&index| seen.insert(index)).collect()
}
