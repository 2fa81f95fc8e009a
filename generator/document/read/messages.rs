//! Messages, with their traits applied.

use super::Reader;
use super::value::Layers;
use crate::diagnostic::Code;
use crate::document::{Example, Message, Node, NodeId};

/// `oneOf` of messages inside `oneOf` of messages goes no deeper than this.
const MAX_NESTING: usize = 16;

impl<'a> Reader<'a, '_> {
    /// Reads `messages` of a channel of 3.x.
    pub(super) fn read_channel_messages(&mut self, channel: usize, node: Node<'a>) {
        for (key, entry) in self.entries(node.get("messages"), "`messages`") {
            let first = self.channels[channel].messages.len();
            for index in self.add_messages(channel, entry, Some(key), 0) {
                self.message_entries
                    .entry(entry.id())
                    .or_insert((channel, index));
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

    /// Adds the message at `entry` to a channel, or each of its `oneOf`; gives their indices there.
    ///
    /// A message that the channel has already is not added again, unless it goes by another key.
    pub(super) fn add_messages(
        &mut self,
        channel: usize,
        entry: Node<'a>,
        key: Option<&'a str>,
        depth: usize,
    ) -> Vec<usize> {
        let Some(node) = self.object(entry, "the message") else {
            return Vec::new();
        };
        if depth < MAX_NESTING
            && let Some(alternatives) = node.get("oneOf")
        {
            let alternatives = self.items(Some(alternatives), "`oneOf`");
            return alternatives
                .into_iter()
                .flat_map(|each| self.add_messages(channel, each, None, depth + 1))
                .collect();
        }
        let steps: Vec<NodeId> = self
            .resolver
            .trail(entry, self.diagnostics)
            .into_iter()
            .map(Node::id)
            .collect();
        let known = self.message_targets.get(&(channel, node.id())).copied();
        let renamed =
            |index: usize| key.is_some() && self.channels[channel].messages[index].key != key;
        let index = match known {
            Some(index) if !renamed(index) => index,
            _ => {
                let key = key.or_else(|| self.component_key(entry));
                let message = self.message(node, key);
                self.channels[channel].messages.push(message);
                self.channels[channel].messages.len() - 1
            }
        };
        for step in steps {
            self.message_targets.entry((channel, step)).or_insert(index);
        }
        vec![index]
    }

    /// The name of the component that a reference leads to in the end.
    fn component_key(&mut self, entry: Node<'a>) -> Option<&'a str> {
        let trail = self.resolver.trail(entry, self.diagnostics);
        let [.., last_reference, end] = &trail[..] else {
            return None;
        };
        end.key()
            .or_else(|| self.resolver.reference_name(*last_reference))
    }

    fn message(&mut self, node: Node<'a>, key: Option<&'a str>) -> Message<'a> {
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
        // `schemaFormat` and `messageId` are of 2.x alone.
        let known = if self.is_v3() {
            &known[..known.len() - 2]
        } else {
            &known[..]
        };
        self.know(node, "the message", known);
        let layers = self.layers(node);
        self.websocket_binding(layers.get("bindings"));
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

    /// The schema of the payload, and its format where that is written around it (a multi-format schema object of 3.x).
    fn payload(&mut self, layers: &Layers<'a>) -> (Option<Node<'a>>, Option<&'a str>) {
        let Some(payload) = layers.get("payload") else {
            return (None, None);
        };
        if self.is_v3()
            && let Some(target) = self.resolver.follow(payload, self.diagnostics)
            && let Some((format, schema)) = target.get("schemaFormat").zip(target.get("schema"))
        {
            return (Some(schema), self.text(Some(format)));
        }
        (Some(payload), None)
    }

    fn correlation(&mut self, layers: &Layers<'a>) -> Option<&'a str> {
        let node = self.object(layers.get("correlationId")?, "`correlationId`")?;
        self.require(node, "`correlationId`", &["location"]);
        self.text(node.get("location"))
    }

    fn examples(&mut self, layers: &Layers<'a>) -> Vec<Example<'a>> {
        let items = self.items(layers.get("examples"), "`examples`");
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
