//! The reader of AsyncAPI 2.x and 3.x: both versions become one [`Document`].

mod bindings;
mod channels;
mod messages;
mod operations;
mod security;
mod servers;
mod targets;
mod value;
mod version;

use std::collections::HashMap;

use super::{
    Channel, ChannelId, Document, Incomplete, MessageId, Node, NodeId, Operation, Server, ServerId,
    Sources, Version,
};
use crate::diagnostic::{Code, Diagnostics};
use crate::resolve::Resolver;
use crate::table::Table;

/// Reads the document of a run; `None` where there is nothing to be read as one, which is then an error in `diagnostics`.
///
/// An unusable part is reported and left out, and the rest goes on.
pub fn read<'a>(sources: &'a Sources, diagnostics: &mut Diagnostics) -> Option<Document<'a>> {
    let root = sources.root()?;
    let edition = version::edition(root, diagnostics)?;
    let mut reader = Reader {
        resolver: Resolver::new(sources),
        diagnostics,
        root,
        version: edition.version,
        is_fragment: edition.is_fragment,
        incomplete: edition.incomplete,
        servers: Table::default(),
        server_ids: HashMap::new(),
        channels: Table::default(),
        channel_ids: HashMap::new(),
        message_entries: HashMap::new(),
        message_targets: HashMap::new(),
        operations: Vec::new(),
    };
    Some(reader.document())
}

/// What the parts of a reading share: where to look references up, where to complain, and what was read so far.
struct Reader<'a, 'd> {
    resolver: Resolver<'a>,
    diagnostics: &'d mut Diagnostics,
    root: Node<'a>,
    version: Version,
    /// Of a fragment, nothing more is said to be missing.
    is_fragment: bool,
    incomplete: Option<Incomplete>,
    servers: Table<ServerId, Server<'a>>,
    /// Servers by every value that stands for them: the entry in `servers` and what it refers to.
    server_ids: HashMap<NodeId, ServerId>,
    channels: Table<ChannelId, Channel<'a>>,
    /// Channels by every value that stands for them.
    channel_ids: HashMap<NodeId, ChannelId>,
    /// The channel and the id of each entry of a channel's `messages`.
    message_entries: HashMap<NodeId, (ChannelId, MessageId)>,
    /// The id of a message in a channel, by every value that stands for it.
    message_targets: HashMap<(ChannelId, NodeId), MessageId>,
    operations: Vec<Operation<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn document(&mut self) -> Document<'a> {
        let root = self.root;
        self.check_root();
        let info = root
            .get("info")
            .and_then(|info| self.object(info, "`info`"));
        if let Some(info) = info {
            self.require(info, "`info`", &["title", "version"]);
        }
        let info_text = |reader: &mut Self, key| reader.text(info.and_then(|info| info.get(key)));
        let title = info_text(self, "title");
        let api_version = info_text(self, "version");
        let description = info_text(self, "description");
        let default_content_type = self.text(root.get("defaultContentType"));
        let security_schemes = self.security_schemes();
        self.read_servers();
        self.read_channels();
        self.read_operations();
        Document {
            node: root,
            version: self.version,
            title,
            api_version,
            description,
            default_content_type,
            servers: std::mem::take(&mut self.servers),
            channels: std::mem::take(&mut self.channels),
            operations: std::mem::take(&mut self.operations),
            security_schemes,
            incomplete: self.incomplete.take(),
        }
    }

    fn check_root(&mut self) {
        let root = self.root;
        match self.version {
            Version::V2(_) => {
                self.require(root, "the document", &["info", "channels"]);
                self.know(
                    root,
                    "an AsyncAPI 2.x document",
                    &[
                        "asyncapi",
                        "id",
                        "info",
                        "servers",
                        "defaultContentType",
                        "channels",
                        "components",
                        "tags",
                        "externalDocs",
                    ],
                );
            }
            Version::V3(_) => {
                self.require(root, "the document", &["info"]);
                self.know(
                    root,
                    "an AsyncAPI 3.x document",
                    &[
                        "asyncapi",
                        "id",
                        "info",
                        "servers",
                        "defaultContentType",
                        "channels",
                        "operations",
                        "components",
                    ],
                );
            }
        }
    }

    fn is_v3(&self) -> bool {
        matches!(self.version, Version::V3(_))
    }

    /// Reports what is left out because of its type.
    fn wrong_type(&mut self, node: Node<'a>, expected: &str) {
        let found = node.describe();
        self.diagnostics.error(
            Code::WrongType,
            node.location(),
            format!("expected {expected}, found {found}"),
        );
    }
}
