//! Operations: `publish` and `subscribe` of 2.x, `operations` of 3.x with their replies.

use super::Reader;
use crate::diagnostic::{Code, nearest};
use crate::document::{Action, ChannelId, MessageId, Node, Operation, Reply};

impl<'a> Reader<'a, '_> {
    /// Reads `publish` and `subscribe` of a channel of 2.x.
    pub(super) fn read_operations_of(&mut self, channel: ChannelId) {
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
            self.merged_bindings(&layers);
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

    fn message_or_messages(&mut self, channel: ChannelId, entry: Node<'a>) -> Vec<MessageId> {
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
                .flat_map(|entry| self.add_messages(channel, entry, None)),
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
        self.merged_bindings(&layers);
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
    ) -> Option<ChannelId> {
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

    fn reply(&mut self, entry: Node<'a>, operation_channel: ChannelId) -> Option<Reply<'a>> {
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
    fn channel_of_messages(&mut self, messages: Option<Node<'a>>) -> Option<ChannelId> {
        let first = messages?.items().next()?;
        let [target, _] = self.landmarks(first)?;
        self.message_entries
            .get(&target.id())
            .map(|&(channel, _)| channel)
    }

    /// The messages that an operation or a reply names; all of the channel where it names none.
    fn messages_of(&mut self, list: Option<Node<'a>>, channel: ChannelId) -> Vec<MessageId> {
        let items = self.items(list, "`messages`");
        if items.is_empty() {
            return self.channels[channel].messages.ids().collect();
        }
        unique(
            items
                .into_iter()
                .flat_map(|item| self.messages_by_reference(item, channel)),
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

/// The ids in their order, each once.
fn unique(ids: impl Iterator<Item = MessageId>) -> Vec<MessageId> {
    let mut seen = std::collections::HashSet::new();
    ids.filter(|&id| seen.insert(id)).collect()
}
