//! The service to generate: every decision taken, nothing of the document's shape left.

mod checks;
mod types;

use crate::diagnostic::Location;

pub use checks::{Bound, Check, Format};
pub use types::{
    Constant, Definition, Field, Integer, Literal, Type, TypeDefinition, TypeId, Types, Untyped,
    VariantOfEnumeration,
};

/// What one document becomes.
#[derive(Debug)]
pub struct Service {
    /// Where the document begins.
    pub place: Location,
    /// `info.title`, or what stands for it.
    pub title: String,
    /// `info.version`, where the document has one.
    pub version: Option<String>,
    /// `info.description`.
    pub description: Option<String>,
    /// WebSocket servers, in the order of the document.
    pub servers: Vec<Server>,
    /// Routes, each served by one or more of the servers.
    pub routes: Vec<Route>,
    /// Whether a client is generated as well.
    pub client: bool,
    /// Types of the payloads, in the order in which they were first needed.
    pub types: Types,
    /// Values within them that stay any JSON.
    pub untyped: Vec<Untyped>,
}

/// One server of the document: one entrypoint of the project.
#[derive(Debug)]
pub struct Server {
    /// Where the document declares it.
    pub place: Location,
    /// Its name in the document.
    pub name: String,
    /// The function that builds it.
    pub function: String,
    /// The stem of its entrypoint and of its config file.
    pub file: String,
    /// The public URL, variables expanded.
    pub url: String,
    /// What the document says about it.
    pub description: Option<String>,
    /// Where it listens unless the config says otherwise.
    pub listen: String,
    /// Where its admin endpoints listen unless the config says otherwise.
    pub admin: String,
    /// Whether clients come by `wss`.
    pub secure: bool,
    /// The hosts that clients know it by, in lower case.
    pub hosts: Vec<String>,
    /// Alternatives, each a list of schemes that must all be satisfied; empty when anyone may connect.
    pub security: Vec<Vec<Scheme>>,
    /// Schemes that only some of its operations ask for.
    pub operation_schemes: Vec<Scheme>,
    /// What it serves.
    pub routes: Vec<ServedRoute>,
}

impl Server {
    /// Whether clients show credentials, to connect or for some operations.
    #[must_use]
    pub fn judges_credentials(&self) -> bool {
        !self.security.is_empty() || !self.operation_schemes.is_empty()
    }
}

/// A route as one server serves it.
#[derive(Debug)]
pub struct ServedRoute {
    /// Index into [`Service::routes`].
    pub route: usize,
    /// The whole path template, the server's own path included.
    pub path: String,
}

/// How a client proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The name of the scheme in the document.
    pub name: String,
    /// What the client presents.
    pub kind: SchemeKind,
    /// Where the document says that tokens of OpenID Connect or OAuth 2 come from.
    pub issuer: Option<Issuer>,
}

/// Who issues tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The issuer of OpenID Connect, which describes itself and its keys.
    Described(String),
    /// An address at which clients get tokens: who issues them the document does not say.
    Tokens(String),
}

/// What a client presents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemeKind {
    /// A token in `Authorization: Bearer` (HTTP bearer, OAuth 2, OpenID Connect).
    Bearer,
    /// A user and a password in `Authorization: Basic`.
    Basic,
    /// A key in the query, with the parameter's name.
    QueryKey(String),
    /// A key in a header, with its name.
    HeaderKey(String),
    /// A key in a cookie, with its name.
    CookieKey(String),
    /// A certificate in the TLS handshake.
    MutualTls,
}

/// One path on which clients connect: one module of the generated code.
#[derive(Debug)]
pub struct Route {
    /// Where the document declares the first of its channels.
    pub place: Location,
    /// The module, and the stem of its file.
    pub module: String,
    /// The trait that handles a connection.
    pub trait_name: String,
    /// The label for metrics and logs: the name of the channel, or what stands for several.
    pub label: String,
    /// The path template below the server's path.
    pub path: String,
    /// What the document says about it.
    pub docs: Vec<String>,
    /// Why the channels are laid out this way, for `inspect`.
    pub layout: Layout,
    /// What a client passes when it connects.
    pub parameters: Vec<Parameter>,
    /// The parameters that the path names, in its order; one may come twice.
    pub path_parameters: Vec<usize>,
    /// A request that is let in; `None` where a parameter has rules for which no value is at hand.
    pub example: Option<ExampleRequest>,
    /// Whether every server that has this route asks for credentials.
    pub authenticated: bool,
    /// Subprotocols that the server speaks here, the preferred one first.
    pub subprotocols: Vec<String>,
    /// The channels of the route: one, or several events on one socket.
    pub channels: Vec<Channel>,
    /// What goes over the socket.
    pub traffic: Traffic,
}

/// A path with the names of its parameters taken out, so that templates can be compared.
#[must_use]
pub fn path_template(path: &str) -> String {
    let mut template = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                template.push_str("{}");
            }
            c if !inside => template.push(c),
            _ => {}
        }
    }
    template
}

/// What goes over the socket of a route.
#[derive(Debug)]
pub enum Traffic {
    /// Text and binary frames as they are: the document describes no message.
    Raw,
    /// The messages of the document.
    Typed(Box<Exchange>),
}

/// Both directions of a route.
#[derive(Debug)]
pub struct Exchange {
    /// What arrives.
    pub inbound: MessageSet,
    /// What may be sent.
    pub outbound: MessageSet,
}

/// How the channels of a route came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The channel's address is a path.
    Path,
    /// Several channels are events on one socket.
    Multiplexed,
}

/// A value that a client passes in the request that opens the connection.
#[derive(Debug)]
pub struct Parameter {
    /// Where the document declares it.
    pub place: Location,
    /// Its name on the wire.
    pub name: String,
    /// The field that holds it.
    pub field: String,
    /// Where it is passed.
    pub location: ParameterLocation,
    /// Its type, without the `Option`.
    pub ty: Type,
    /// Whether the connection is refused without it.
    pub required: bool,
    /// What holds where it is absent.
    pub default: Option<ParameterDefault>,
    /// What the document says about it.
    pub docs: Option<String>,
    /// A value that a client may pass, as text; `None` where none is at hand.
    pub example: Option<String>,
}

/// A request that opens a connection.
#[derive(Debug)]
pub struct ExampleRequest {
    /// Path and query, escaped.
    pub target: String,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
}

/// What holds where a parameter is absent.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterDefault {
    /// A string.
    String(String),
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A constant of an enumeration, by the name of its variant.
    Variant(TypeId, String),
}

/// Where a parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterLocation {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
}

/// A channel and what the server does on it.
#[derive(Debug)]
pub struct Channel {
    /// Where the document declares it.
    pub place: Location,
    /// Its name in the document.
    pub name: String,
    /// The file of its handlers.
    pub module: String,
    /// The trait with its methods: the route's own trait where the route has one channel.
    pub trait_name: String,
    /// What the document says about it.
    pub docs: Vec<String>,
    /// One for each message that arrives.
    pub methods: Vec<Method>,
}

/// A handler method: one message that arrives, and what is answered.
#[derive(Debug)]
pub struct Method {
    /// Where the document declares the operation, or the message where it has none.
    pub place: Location,
    /// Its name.
    pub name: String,
    /// What the document says about the operation and the message.
    pub docs: Vec<String>,
    /// Index into the variants of the route's inbound messages.
    pub message: usize,
    /// What is answered.
    pub reply: Option<Reply>,
    /// What a client must have shown to call it: alternatives, each a list of schemes; empty where any client may.
    pub security: Vec<Vec<Scheme>>,
    /// What ties a reply to its request.
    pub correlation: Option<Correlation>,
}

/// The correlation id of a request, which is copied into its replies.
#[derive(Debug)]
pub struct Correlation {
    /// The field of the request that holds it.
    pub request: String,
    /// Whether the id is `Copy`.
    pub is_copy: bool,
    /// The replies that carry it.
    pub replies: Vec<CorrelatedReply>,
    /// Whether these are all that there are.
    pub is_in_all: bool,
}

/// A reply that carries the correlation id of its request.
#[derive(Debug)]
pub struct CorrelatedReply {
    /// Index of the outbound message.
    pub message: usize,
    /// The field that holds the id.
    pub field: String,
    /// Whether the id has to be wrapped in `Some`.
    pub wrap: bool,
}

/// What a handler method returns to be sent back; the indices are those of the route's outbound messages.
#[derive(Debug)]
pub enum Reply {
    /// One message.
    One(usize),
    /// One of several.
    Choice {
        /// The enumeration that the method returns.
        name: String,
        /// Its messages.
        messages: Vec<usize>,
    },
}

impl Reply {
    /// What may be answered: indices of the route's outbound messages.
    pub fn messages(&self) -> &[usize] {
        match self {
            Self::One(index) => std::slice::from_ref(index),
            Self::Choice { messages, .. } => messages,
        }
    }
}

/// The messages that go one way on a route, and how they are told apart.
#[derive(Debug, Default)]
pub struct MessageSet {
    /// The messages.
    pub variants: Vec<Variant>,
    /// How binary frames are packed, where they are.
    pub packing: Option<Content>,
    /// The way to the right one.
    pub dispatch: Dispatch,
}

/// A message on its route.
#[derive(Debug)]
pub struct Variant {
    /// Where the document declares it.
    pub place: Location,
    /// Its name in the document, for metrics and logs.
    pub name: String,
    /// Its name as a variant.
    pub variant: String,
    /// The type of its payload.
    pub ty: Type,
    /// Whether no other message of the set has this type, so that a value tells which message it is.
    pub distinct: bool,
    /// How the payload is written.
    pub content: Content,
    /// What the document says about it.
    pub docs: Vec<String>,
    /// Examples of its payload, as JSON.
    pub examples: Vec<String>,
}

/// How a payload is written into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// JSON in a text frame.
    Json,
    /// MessagePack in a binary frame: what JSON says, written shorter.
    MessagePack,
    /// CBOR in a binary frame: what JSON says, written shorter.
    Cbor,
    /// The payload itself in a text frame.
    Text,
    /// The payload itself in a binary frame.
    Binary,
}

impl Content {
    /// Whether the payload is a value of the types that its schema became.
    #[must_use]
    pub fn is_typed(self) -> bool {
        matches!(self, Self::Json) || self.is_packed()
    }

    /// Whether it is another way to write JSON.
    #[must_use]
    pub fn is_packed(self) -> bool {
        matches!(self, Self::MessagePack | Self::Cbor)
    }
}

/// How a message is told apart from the others of its set, in the order in which it is tried.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// The variant for binary frames.
    pub binary: Option<usize>,
    /// The property whose value names the message.
    pub tag: Option<Tag>,
    /// What is left without a tag.
    pub shapes: Vec<(Shape, usize)>,
    /// Variants that nothing tells apart: their frames arrive undecoded.
    pub ambiguous: Vec<usize>,
}

/// A property whose value names the message.
#[derive(Debug, PartialEq, Eq)]
pub struct Tag {
    /// The property at the top level of the payload, or that property and the one inside it.
    pub path: Vec<String>,
    /// Its values and the variant that each stands for.
    pub values: Vec<(Literal, usize)>,
}

/// A property of the payload's outer shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing else is left: any payload.
    Any,
    /// The payload is of one of these JSON types.
    Kinds(Vec<JsonKind>),
    /// The payload is an object with all of these keys.
    Keys(Vec<String>),
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JsonKind {
    /// `{}`
    Object,
    /// `[]`
    Array,
    /// `""`
    String,
    /// `0`
    Number,
    /// `true`
    Boolean,
    /// `null`
    Null,
}
