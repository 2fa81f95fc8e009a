//! The service to generate: every decision taken, nothing of the document's shape left.

mod checks;
mod dispatch;
mod types;

use crate::diagnostic::Location;
use crate::table::{Table, ids};

pub use checks::{Bound, Check, Format};
pub use dispatch::{
    Dispatch, Evidence, ItemShape, JsonKind, Literal, Shape, Tag, TagValue, VariantId,
};
pub use types::{
    Constant, Definition, Definitions, Field, Integer, Type, TypeDefinition, TypeId, Types,
    Untyped, Usage, VariantOfEnumeration,
};

ids! {
    /// Which route of a service.
    RouteId;
    /// Which parameter of a route.
    ParameterId;
}

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
    pub routes: Table<RouteId, Route>,
    /// Whether a client is generated as well.
    pub client: bool,
    /// What clients can show to the servers: a function for each scheme that has something to be shown.
    pub credentials: Vec<Credential>,
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
    /// Which of [`Service::routes`].
    pub route: RouteId,
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

/// The function by which a client makes a credential.
#[derive(Debug)]
pub struct Credential {
    /// Its name.
    pub function: String,
    /// The scheme that asks for it.
    pub scheme: Scheme,
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
    /// The trait that handles its messages, where [`Route::has_trait`].
    pub trait_name: String,
    /// The label for metrics and logs: the name of the channel, or what stands for several.
    pub label: String,
    /// The path template below the server's path.
    pub path: String,
    /// What the document says about it.
    pub docs: Vec<String>,
    /// Its channels, and how they share it.
    pub layout: Layout,
    /// What a client passes when it connects.
    pub parameters: Table<ParameterId, Parameter>,
    /// The parameters that the path names, in its order; one may come twice.
    pub path_parameters: Vec<ParameterId>,
    /// A request that is let in; `None` where a parameter has rules for which no value is at hand.
    pub example: Option<ExampleRequest>,
    /// Whether every server that has this route asks for credentials.
    pub authenticated: bool,
    /// Subprotocols that the server speaks here, the preferred one first.
    pub subprotocols: Vec<String>,
    /// What goes over the socket.
    pub traffic: Traffic,
}

impl Route {
    /// Its channels, in the order of the document.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        let (single, shared) = match &self.layout {
            Layout::Single(channel) => (Some(channel), [].as_slice()),
            Layout::Multiplexed(channels) => (None, channels.as_slice()),
        };
        single
            .into_iter()
            .chain(shared.iter().map(|shared| &shared.channel))
    }

    /// The channels that share its socket, each with a trait of its own; none where it is one channel.
    #[must_use]
    pub fn multiplexed(&self) -> &[MultiplexedChannel] {
        match &self.layout {
            Layout::Single(_) => &[],
            Layout::Multiplexed(channels) => channels,
        }
    }

    /// The channel whose methods the trait of the route has; `None` where each channel has a trait.
    #[must_use]
    pub fn own_channel(&self) -> Option<&Channel> {
        match &self.layout {
            Layout::Single(channel) => Some(channel),
            Layout::Multiplexed(_) => None,
        }
    }

    /// Whether it has a trait of its own: for the messages of its one channel, or for frames that are not decoded.
    #[must_use]
    pub fn has_trait(&self) -> bool {
        self.own_channel().is_some() || self.traffic.undecoded().is_some()
    }

    /// The methods of all its channels.
    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.channels().flat_map(|channel| &channel.methods)
    }
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

impl Traffic {
    /// The messages, where the document describes any.
    #[must_use]
    pub fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Raw => None,
            Self::Typed(exchange) => Some(exchange),
        }
    }

    /// The method for frames that are passed on as they came, if some are.
    #[must_use]
    pub fn undecoded(&self) -> Option<&'static str> {
        match self {
            Self::Raw => Some("message"),
            Self::Typed(exchange) if exchange.inbound.has_raw() => Some("raw"),
            Self::Typed(_) => None,
        }
    }
}

/// Both directions of a route.
#[derive(Debug)]
pub struct Exchange {
    /// What arrives.
    pub inbound: MessageSet,
    /// What may be sent.
    pub outbound: MessageSet,
}

/// How the channels of a route share it.
#[derive(Debug)]
pub enum Layout {
    /// The route is one channel: the trait and the module of the route are the channel's.
    Single(Channel),
    /// Several channels are events on one socket: each has a trait.
    Multiplexed(Vec<MultiplexedChannel>),
}

/// A channel that shares the socket of its route.
#[derive(Debug)]
pub struct MultiplexedChannel {
    /// The file of its handlers.
    pub module: String,
    /// The trait with its methods.
    pub trait_name: String,
    /// The channel itself.
    pub channel: Channel,
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
    /// The method of a client that sends the message and waits for the reply; `None` where nothing is answered.
    pub request: Option<String>,
    /// Which of the route's inbound messages.
    pub message: VariantId,
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
    /// The outbound message.
    pub message: VariantId,
    /// The field that holds the id.
    pub field: String,
    /// Whether the id has to be wrapped in `Some`.
    pub wrap: bool,
}

/// What a handler method returns to be sent back: outbound messages of its route.
#[derive(Debug)]
pub enum Reply {
    /// One message.
    One(VariantId),
    /// One of several.
    Choice {
        /// The enumeration that the method returns.
        name: String,
        /// Its messages.
        messages: Vec<VariantId>,
    },
}

impl Reply {
    /// What may be answered: outbound messages of the route.
    pub fn messages(&self) -> &[VariantId] {
        match self {
            Self::One(message) => std::slice::from_ref(message),
            Self::Choice { messages, .. } => messages,
        }
    }
}

/// The messages that go one way on a route, and how they are told apart.
#[derive(Debug)]
pub struct MessageSet {
    /// The messages.
    pub variants: Table<VariantId, Variant>,
    /// How binary frames are packed, where they are.
    pub packing: Option<Content>,
    /// The way to the right one; empty where no generated code reads the set.
    pub dispatch: Dispatch,
}

impl MessageSet {
    /// Whether some of the messages arrive undecoded, because nothing tells them apart.
    #[must_use]
    pub fn has_raw(&self) -> bool {
        !self.dispatch.ambiguous.is_empty()
    }

    /// The messages that are not among those that nothing tells apart.
    pub fn told(&self) -> impl Iterator<Item = (VariantId, &Variant)> {
        let ambiguous = &self.dispatch.ambiguous;
        let entries = self.variants.entries();
        entries.filter(|(id, _)| !ambiguous.contains(id))
    }
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
