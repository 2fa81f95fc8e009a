//! An AsyncAPI document as it was written: every version read into one shape, every part with its place in the text.

mod builder;
mod file;
mod json;
mod layers;
mod load;
mod node;
mod offsets;
mod old_yaml;
mod parse;
mod read;
mod reference;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;
mod yaml_fault;

pub(crate) use layers::Layers;
pub(crate) use old_yaml::OldValue;

pub use crate::place::FileId;
pub use file::SourceFile;
pub use load::{FileSystem, LoadError, Loader};
pub use node::{Kind, Node, NodeId};
pub use read::read;
pub use reference::Reference;
pub use source::Sources;

use indexmap::IndexMap;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::place::Location;
use crate::table::{Table, ids};

ids! {
    /// Which server of a document.
    ServerId;
    /// Which channel of a document.
    ChannelId;
    /// Which message of a channel.
    MessageId;
}

/// A document of AsyncAPI 2.x or 3.x, or a fragment of one.
///
/// The reader of each version fills this one shape; what only one of them can say is an `Option` or an
/// empty list. Nothing is decided here: the parts keep the words and the order of the document.
#[derive(Debug)]
pub struct Document<'a> {
    /// The root object.
    pub node: Node<'a>,
    /// What `asyncapi` says, or what the shape of a fragment suggests.
    pub version: Version,
    /// `info.title`.
    pub title: Option<&'a str>,
    /// `info.version`.
    pub api_version: Option<&'a str>,
    /// `info.description`.
    pub description: Option<&'a str>,
    /// `defaultContentType`.
    pub default_content_type: Option<&'a str>,
    /// `servers`, in the order of the document.
    pub servers: Table<ServerId, Server<'a>>,
    /// `channels`, in the order of the document.
    pub channels: Table<ChannelId, Channel<'a>>,
    /// `operations` of 3.x; `publish` and `subscribe` of the channels of 2.x.
    pub operations: Vec<Operation<'a>>,
    /// `components.securitySchemes`, by name.
    pub security_schemes: IndexMap<&'a str, SecurityScheme<'a>>,
    /// What it lacks, where it is only a part of a document.
    pub incomplete: Option<Incomplete>,
}

/// What a part of a document lacks: how bad that is depends on what becomes of it.
#[derive(Debug)]
pub struct Incomplete {
    /// Where the document says its version.
    pub place: Location,
    /// The keys that are missing, with their verb.
    pub missing: String,
}

impl Incomplete {
    /// Reports it, as bad as it is to who reads the document.
    pub fn report(&self, severity: Severity, diagnostics: &mut Diagnostics) {
        let missing = &self.missing;
        let message = format!("this is a part of an AsyncAPI document: {missing} missing");
        diagnostics
            .report(severity, Code::Fragment, Some(self.place.clone()), message)
            .help("`wsgen check --strict` refuses it; add what is missing to have a complete document");
    }
}

/// The edition of the specification that a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 2.0 to 2.6, with its minor number.
    V2(u32),
    /// 3.0 and 3.1, with its minor number.
    V3(u32),
}

/// A place where the API is served.
#[derive(Debug)]
pub struct Server<'a> {
    /// The server object, references followed.
    pub node: Node<'a>,
    /// Its key in `servers`.
    pub name: &'a str,
    /// `protocol`, as written.
    pub protocol: Option<&'a str>,
    /// `url` of 2.x, or `protocol://host` + `pathname` of 3.x put together; variables unexpanded.
    pub url: Option<String>,
    /// `description`, `summary` or `title`, the first that is there.
    pub description: Option<&'a str>,
    /// `variables`, by name.
    pub variables: IndexMap<&'a str, Variable<'a>>,
    /// `security`: alternatives, each a set of schemes that must all be satisfied.
    pub security: Vec<Requirement<'a>>,
    /// `bindings`, references followed.
    pub bindings: Option<Node<'a>>,
}

/// A variable in a server's URL.
#[derive(Debug)]
pub struct Variable<'a> {
    /// The variable object.
    pub node: Node<'a>,
    /// `default`.
    pub default: Option<&'a str>,
    /// `enum`.
    pub allowed: Vec<&'a str>,
}

/// Schemes that must all be satisfied.
#[derive(Clone, Debug)]
pub struct Requirement<'a> {
    /// The requirement object, or the scheme that a 3.x document refers to.
    pub node: Node<'a>,
    /// The schemes of the requirement.
    pub schemes: Vec<RequiredScheme<'a>>,
}

/// One scheme of a requirement.
#[derive(Clone, Debug)]
pub struct RequiredScheme<'a> {
    /// The name by which the document speaks of the scheme: its key in `components.securitySchemes`, or the type of an inline one.
    pub name: &'a str,
    /// Where the name is written.
    pub node: Node<'a>,
    /// The scheme, unless the name is not declared.
    pub scheme: Option<SecurityScheme<'a>>,
    /// Required scopes.
    pub scopes: Vec<&'a str>,
}

/// A security scheme object.
#[derive(Clone, Debug)]
pub struct SecurityScheme<'a> {
    /// The scheme object, references followed.
    pub node: Node<'a>,
    /// `type`, as written.
    pub kind: Option<&'a str>,
    /// `scheme` of an `http` scheme.
    pub http_scheme: Option<&'a str>,
    /// `in`.
    pub location: Option<&'a str>,
    /// `name` of an API key's parameter.
    pub parameter: Option<&'a str>,
    /// `openIdConnectUrl`, or the first URL of the flows of OAuth 2.
    pub url: Option<&'a str>,
}

/// A channel.
#[derive(Debug)]
pub struct Channel<'a> {
    /// The channel object, references followed.
    pub node: Node<'a>,
    /// Its key in `channels`.
    pub name: &'a str,
    /// The key of 2.x or `address` of 3.x; `None` where that is `null` or absent.
    pub address: Option<&'a str>,
    /// `title`.
    pub title: Option<&'a str>,
    /// `summary` and `description`, the longer story last.
    pub summary: Option<&'a str>,
    /// `description`.
    pub description: Option<&'a str>,
    /// Those of [`Document::servers`] that have it; empty stands for all of them.
    pub servers: Vec<ServerId>,
    /// `parameters`, by name.
    pub parameters: Vec<Parameter<'a>>,
    /// Messages of the channel: `messages` of 3.x, those of both operations in 2.x, without repetition.
    pub messages: Table<MessageId, Message<'a>>,
    /// `bindings.ws` (or `bindings.websockets`), references followed.
    pub binding: Option<ChannelBinding<'a>>,
}

/// A parameter of a channel's address.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// The parameter object, references followed.
    pub node: Node<'a>,
    /// Its name in the address.
    pub name: &'a str,
    /// `description`.
    pub description: Option<&'a str>,
    /// `schema` of 2.x.
    pub schema: Option<Node<'a>>,
    /// `enum` of 3.x.
    pub allowed: Vec<&'a str>,
    /// `default` of 3.x.
    pub default: Option<&'a str>,
}

/// The WebSocket binding of a channel.
#[derive(Debug)]
pub struct ChannelBinding<'a> {
    /// The binding object.
    pub node: Node<'a>,
    /// `method`.
    pub method: Option<&'a str>,
    /// `query`: a schema of type object.
    pub query: Option<Node<'a>>,
    /// `headers`: a schema of type object; with traits, the one with precedence.
    pub headers: Option<Node<'a>>,
}

/// Which way the messages of an operation go, as the document words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The application that the document describes sends: `send` of 3.x, `subscribe` of 2.x.
    Send,
    /// The application that the document describes receives: `receive` of 3.x, `publish` of 2.x.
    Receive,
}

/// An operation.
#[derive(Debug)]
pub struct Operation<'a> {
    /// The operation object, references followed.
    pub node: Node<'a>,
    /// `operationId` of 2.x, the key in `operations` of 3.x.
    pub name: Option<&'a str>,
    /// Direction.
    pub action: Action,
    /// Which of [`Document::channels`].
    pub channel: ChannelId,
    /// `summary`.
    pub summary: Option<&'a str>,
    /// `description`.
    pub description: Option<&'a str>,
    /// Those of the channel's messages that it is about; all of them where 3.x names none.
    pub messages: Vec<MessageId>,
    /// `reply` of 3.x.
    pub reply: Option<Reply<'a>>,
    /// `security`.
    pub security: Vec<Requirement<'a>>,
}

/// The reply of a request.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The reply object, references followed.
    pub node: Node<'a>,
    /// Which of [`Document::channels`]; the operation's channel where the reply names none.
    pub channel: ChannelId,
    /// Those of the messages of that channel; all of them where the reply names none.
    pub messages: Vec<MessageId>,
}

/// A message, its traits applied.
#[derive(Debug)]
pub struct Message<'a> {
    /// The message object, references followed: two mentions of one message have the same [`Node::id`].
    pub node: Node<'a>,
    /// The key it goes by: in `channels.*.messages` of 3.x; in `components.messages` where a reference led there; `None` for an inline message of 2.x.
    pub key: Option<&'a str>,
    /// `name`.
    pub name: Option<&'a str>,
    /// `messageId` of 2.4 to 2.6.
    pub message_id: Option<&'a str>,
    /// `title`.
    pub title: Option<&'a str>,
    /// `summary`.
    pub summary: Option<&'a str>,
    /// `description`.
    pub description: Option<&'a str>,
    /// `contentType`.
    pub content_type: Option<&'a str>,
    /// `schemaFormat`, of the message in 2.x or of the multi-format payload in 3.x.
    pub schema_format: Option<&'a str>,
    /// The payload's schema (inside a multi-format schema object: its `schema`); references *not* followed, so that its name can be seen.
    pub payload: Option<Node<'a>>,
    /// The headers' schema, references not followed.
    pub headers: Option<Node<'a>>,
    /// `correlationId.location`, a runtime expression such as `$message.payload#/id`.
    pub correlation: Option<&'a str>,
    /// `examples`.
    pub examples: Vec<Example<'a>>,
}

/// An example of a message.
#[derive(Debug)]
pub struct Example<'a> {
    /// The example object.
    pub node: Node<'a>,
    /// `name`.
    pub name: Option<&'a str>,
    /// `payload`.
    pub payload: Option<Node<'a>>,
}
