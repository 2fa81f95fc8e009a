//! Channels, their parameters, and the servers that they are limited to.

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{Channel, ChannelId, Node, Parameter, ServerId};
use crate::table::Table;

impl<'a> Reader<'a, '_> {
    /// Reads `channels`; in 2.x, their operations with them.
    pub(super) fn read_channels(&mut self) {
        for (name, entry) in self.entries(self.root.get("channels"), "`channels`") {
            if let Some(id) = self.add_channel(name, entry)
                && !self.is_v3()
            {
                self.read_operations_of(id);
            }
        }
    }

    /// Reads a channel with its messages, if it is one, and gives its id.
    pub(super) fn add_channel(&mut self, name: &'a str, entry: Node<'a>) -> Option<ChannelId> {
        let what = format!("the channel `{name}`");
        let node = self.object(entry, &what)?;
        let id = self.channels.next_id();
        for value in [entry.id(), node.id()] {
            self.channel_ids.entry(value).or_insert(id);
        }
        let channel = self.channel(name, node, &what);
        self.channels.push(channel);
        if self.is_v3() {
            self.read_channel_messages(id, node);
        }
        Some(id)
    }

    fn channel(&mut self, name: &'a str, node: Node<'a>, what: &str) -> Channel<'a> {
        let known: &[&str] = match self.is_v3() {
            true => &[
                "address",
                "messages",
                "title",
                "summary",
                "description",
                "servers",
                "parameters",
                "tags",
                "externalDocs",
                "bindings",
            ],
            false => &[
                "description",
                "servers",
                "subscribe",
                "publish",
                "parameters",
                "bindings",
            ],
        };
        self.know(node, what, known);
        let address = if self.is_v3() {
            self.text(node.get("address"))
        } else {
            Some(name)
        };
        Channel {
            node,
            name,
            address,
            title: self.text(node.get("title")),
            summary: self.text(node.get("summary")),
            description: self.text(node.get("description")),
            servers: self.channel_servers(node, what),
            parameters: self.parameters(node),
            messages: Table::default(),
            binding: self.channel_binding(node.get("bindings")),
        }
    }

    fn channel_servers(&mut self, channel: Node<'a>, what: &str) -> Vec<ServerId> {
        let mut servers = Vec::new();
        for item in self.items(channel.get("servers"), "`servers`") {
            let found = match item.as_str() {
                Some(name) => self.server_by_name(name, item, what),
                None => self.server_by_reference(item, what),
            };
            servers.extend(found.filter(|index| !servers.contains(index)));
        }
        servers
    }

    fn server_by_name(&mut self, name: &str, item: Node<'a>, what: &str) -> Option<ServerId> {
        let found = self.servers.find(|server| server.name == name);
        if found.is_none() {
            self.report_unknown_server(name, item, what);
        } else if self.is_v3() {
            self.diagnostics
                .warning(
                    Code::WrongType,
                    item.reference_location(),
                    "3.x refers to a server instead of naming it",
                )
                .help(format!("write `- $ref: '#/servers/{name}'`"));
        }
        found
    }

    fn server_by_reference(&mut self, item: Node<'a>, what: &str) -> Option<ServerId> {
        if item.reference().is_none() {
            self.wrong_type(item, "a reference to a server");
            return None;
        }
        let [target, end] = self.landmarks(item)?;
        let found = self
            .server_ids
            .get(&target.id())
            .or(self.server_ids.get(&end.id()))
            .copied();
        if found.is_none() {
            let name = self.resolver.reference_name(item).unwrap_or_default();
            self.report_unknown_server(name, item, what);
        }
        found
    }

    fn report_unknown_server(&mut self, name: &str, item: Node<'a>, what: &str) {
        let names = self.servers.iter().map(|server| server.name);
        let help = match self.diagnostics.nearest(name, names.clone()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None if self.servers.is_empty() => {
                "the document has no `servers`: add it there, or remove it here".to_owned()
            }
            None => match self.servers.as_slice() {
                [only] => format!("the only server is `{}`", only.name),
                _ => format!(
                    "the servers are {}",
                    names
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            },
        };
        self.diagnostics
            .error(
                Code::UnknownServerReference,
                item.reference_location(),
                format!("{what} is limited to the server `{name}`, which is not in `servers`"),
            )
            .help(help);
    }

    fn parameters(&mut self, channel: Node<'a>) -> Vec<Parameter<'a>> {
        let entries = self.entries(channel.get("parameters"), "`parameters`");
        let read = entries.into_iter().filter_map(|(name, entry)| {
            let node = self.object(entry, &format!("the parameter `{name}`"))?;
            Some(Parameter {
                node,
                name,
                description: self.text(node.get("description")),
                schema: node.get("schema"),
                allowed: self.texts(node.get("enum"), "`enum`"),
                default: self.text(node.get("default")),
            })
        });
        read.collect()
    }
}
