//! Messages, with their traits applied.

use std::collections::HashSet;

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{ChannelId, Example, Layers, Message, MessageId, Node};

impl<'a> Reader<'a, '_> {
    /// Reads `messages` of a channel of 3.x.
    pub(super) fn read_channel_messages(&mut self, channel: ChannelId, node: Node<'a>) {
        for (key, entry) in self.entries(node.get("messages"), "`messages`") {
            let first = self.channels[channel].messages.len();
            for id in self.add_messages(channel, entry, Some(key)) {
                self.message_entries
                    .entry(entry.id())
                    .or_insert((channel, id));
            }
            if self.channels[channel].messages.len() > first + 1 {
                self.diagnostics
                    .warning(
                        Code::WrongType,
                        entry.key_location(),
                        format!("`{key}` is several messages; in 3.x each has a key of its own"),
                    )
                    .help("write each of them as a member of `messages`");
            }
        }
    }

    /// Adds the message at `entry` to a channel, or each of its `oneOf`, those inside others too; gives their ids there.
    ///
    /// A message that the channel has already is not added again, unless it goes by another key.
    pub(super) fn add_messages(
        &mut self,
        channel: ChannelId,
        entry: Node<'a>,
        key: Option<&'a str>,
    ) -> Vec<MessageId> {
        let mut ids = Vec::new();
        let mut expanded = HashSet::new();
        let mut waiting = vec![(entry, key)];
        while let Some((entry, key)) = waiting.pop() {
            let Some(node) = self.object(entry, "the message") else {
                continue;
            };
            let Some(alternatives) = node.get("oneOf") else {
                ids.push(self.add_message(channel, entry, node, key));
                continue;
            };
            if expanded.insert(node.id()) {
                let alternatives = self.items(Some(alternatives), "`oneOf`");
                waiting.extend(alternatives.into_iter().rev().map(|each| (each, None)));
            }
        }
        ids
    }

    fn add_message(
        &mut self,
        channel: ChannelId,
        entry: Node<'a>,
        node: Node<'a>,
        key: Option<&'a str>,
    ) -> MessageId {
        let known = self.message_targets.get(&(channel, node.id())).copied();
        let same_key =
            |id: &MessageId| key.is_none() || self.channels[channel].messages[*id].key == key;
        if let Some(id) = known.filter(same_key) {
            return id;
        }
        let key = key.or_else(|| self.component_key(entry, node));
        let message = self.message(node, key);
        let messages = &mut self.channels[channel].messages;
        let id = messages.push(message);
        self.message_targets
            .entry((channel, node.id()))
            .or_insert(id);
        id
    }

    /// The name of the component that a reference leads to in the end.
    fn component_key(&self, entry: Node<'a>, node: Node<'a>) -> Option<&'a str> {
        entry.reference()?;
        node.key().or_else(|| self.resolver.reference_name(entry))
    }

    fn message(&mut self, node: Node<'a>, key: Option<&'a str>) -> Message<'a> {
        self.know_message(node);
        let layers = self.layers(node);
        self.merged_bindings(&layers);
        let (payload, format_of_payload) = self.payload(&layers);
        let format_of_message = self.text(layers.get("schemaFormat"));
        Message {
            node,
            key,
            name: self.text(layers.get("name")),
            message_id: self.text(layers.get("messageId")),
            title: self.text(layers.get("title")),
            summary: self.text(layers.get("summary")),
            description: self.text(layers.get("description")),
            content_type: self.text(layers.get("contentType")),
            schema_format: format_of_payload.or(format_of_message),
            payload,
            headers: layers.get("headers"),
            correlation: self.correlation(&layers),
            examples: self.examples(&layers),
        }
    }

    fn know_message(&mut self, node: Node<'a>) {
        if node.get("payload").is_none()
            && let Some(schema) = node.get("properties").or_else(|| node.get("type"))
        {
            self.diagnostics
                .warning(
                    Code::UnknownProperty,
                    schema.key_location(),
                    "this message is written as if it were a schema, and says nothing",
                )
                .help("put the schema under `payload`");
            return;
        }
        // The last two are of 2.x alone.
        let known = [
            "headers",
            "payload",
            "correlationId",
            "contentType",
            "name",
            "title",
            "summary",
            "description",
            "tags",
            "externalDocs",
            "bindings",
            "examples",
            "traits",
            "schemaFormat",
            "messageId",
        ];
        let known = if self.is_v3() {
            &known[..known.len() - 2]
        } else {
            &known[..]
        };
        self.know(node, "the message", known);
    }

    /// The schema of the payload, and its format where that is written around it (a multi-format schema object of 3.x).
    fn payload(&mut self, layers: &Layers<'a>) -> (Option<Node<'a>>, Option<&'a str>) {
        let Some(payload) = layers.get("payload") else {
            return (None, None);
        };
        if self.is_v3()
            && let Some(target) = self.resolver.follow_schema(payload, self.diagnostics)
            && let Some((format, schema)) = target.get("schemaFormat").zip(target.get("schema"))
        {
            return (Some(schema), self.text(Some(format)));
        }
        (Some(payload), None)
    }

    fn correlation(&mut self, layers: &Layers<'a>) -> Option<&'a str> {
        let correlation = self.part(layers, "correlationId");
        let location = correlation.get("location");
        if location.is_none() {
            let node = correlation.nodes().first()?;
            self.require(*node, "`correlationId`", &["location"]);
        }
        self.text(location)
    }

    fn examples(&mut self, layers: &Layers<'a>) -> Vec<Example<'a>> {
        let node = layers.get("examples");
        if let Some(named) = node.filter(|node| node.is_object()) {
            self.diagnostics
                .warning(
                    Code::WrongType,
                    named.key_location(),
                    "`examples` is a list, not an object; these are ignored",
                )
                .help("write each example as an item with `name` and `payload`");
            return Vec::new();
        }
        let items = self.items(node, "`examples`");
        let read = items.into_iter().filter_map(|item| {
            let node = self.object(item, "an example of a message")?;
            Some(Example {
                node,
                name: self.text(node.get("name")),
                payload: node.get("payload"),
            })
        });
        read.collect()
    }
}
