//! The stable kinds of changes, and whom each of them breaks: one table.

use std::fmt;
use std::str::FromStr;

use Effect::{Additive, Breaking, Unaffected};

/// What a change does to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing to do and nothing new.
    Unaffected,
    /// What worked goes on to work; there is something new to use or to expect.
    Additive,
    /// For clients: what worked no longer does. For handlers: the code no longer compiles, or may send what the
    /// document no longer allows.
    Breaking,
}

impl Effect {
    /// `unaffected`, `additive` or `breaking`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unaffected => "unaffected",
            Self::Additive => "additive",
            Self::Breaking => "breaking",
        }
    }
}

/// Declares [`Kind`] from one table: the effect on clients, the effect on handlers.
macro_rules! kinds {
    ($(#[doc = $doc:literal] $variant:ident = $text:literal, $clients:ident, $handlers:ident;)+) => {
        /// What kind of change it is; the text form is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $doc] $variant,)+
        }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)+];

            /// The stable name, in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$variant => $text,)+
                }
            }

            /// What happened, in one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Kind::$variant => $doc.trim_ascii(),)+
                }
            }

            /// What it does to programs that connect to the server.
            #[must_use]
            pub const fn clients(self) -> Effect {
                match self {
                    $(Kind::$variant => $clients,)+
                }
            }

            /// What it does to the code of the server's handlers.
            #[must_use]
            pub const fn handlers(self) -> Effect {
                match self {
                    $(Kind::$variant => $handlers,)+
                }
            }
        }
    };
}

kinds! {
    /// The title of the document is another.
    Title = "title-changed", Unaffected, Unaffected;
    /// The version of the API is another.
    Version = "version-changed", Unaffected, Unaffected;
    /// A title, summary or description is another.
    Description = "description-changed", Unaffected, Unaffected;
    /// The examples of a message are others.
    Examples = "examples-changed", Unaffected, Unaffected;
    /// A property is deprecated now, or no longer.
    Deprecation = "deprecation-changed", Unaffected, Unaffected;

    /// There is one more server.
    ServerAdded = "server-added", Additive, Additive;
    /// A server is gone, and its entrypoint with it.
    ServerRemoved = "server-removed", Breaking, Breaking;
    /// Clients reach a server by another URL.
    ServerUrl = "server-url-changed", Breaking, Unaffected;
    /// Credentials that were enough no longer are.
    SecurityTightened = "security-tightened", Breaking, Unaffected;
    /// Other or fewer credentials are enough as well.
    SecurityRelaxed = "security-relaxed", Additive, Unaffected;
    /// A server judges credentials now: the handlers must implement `Authenticate`.
    AuthenticationAdded = "authentication-added", Unaffected, Breaking;
    /// Requests no longer carry a principal for certain.
    PrincipalRemoved = "principal-removed", Unaffected, Breaking;

    /// There is one more channel, with a trait to implement.
    ChannelAdded = "channel-added", Additive, Breaking;
    /// A channel is gone, and its trait with it.
    ChannelRemoved = "channel-removed", Breaking, Breaking;
    /// A server serves a channel that it did not serve.
    ServedChannelAdded = "served-channel-added", Additive, Unaffected;
    /// A server no longer serves a channel that others still serve.
    ServedChannelRemoved = "served-channel-removed", Breaking, Unaffected;
    /// Clients connect to a channel by another path.
    Address = "address-changed", Breaking, Unaffected;
    /// Channels share a socket now, or no longer: the traits are arranged in another way.
    Layout = "layout-changed", Unaffected, Breaking;
    /// A socket carries one more channel, with a trait to implement.
    SocketChannelAdded = "socket-channel-added", Unaffected, Breaking;
    /// A socket carries a channel no longer; its trait is gone.
    SocketChannelRemoved = "socket-channel-removed", Unaffected, Breaking;
    /// The trait or the module of a channel has another name.
    TraitRenamed = "trait-renamed", Unaffected, Breaking;
    /// Raw frames became described messages, or the other way round.
    Traffic = "traffic-changed", Breaking, Breaking;
    /// A channel speaks one more subprotocol.
    SubprotocolAdded = "subprotocol-added", Additive, Unaffected;
    /// A channel no longer speaks a subprotocol.
    SubprotocolRemoved = "subprotocol-removed", Breaking, Unaffected;

    /// Clients may pass one more parameter.
    ParameterAdded = "parameter-added", Additive, Additive;
    /// Clients must pass one more parameter.
    RequiredParameterAdded = "required-parameter-added", Breaking, Additive;
    /// A parameter is no longer read.
    ParameterRemoved = "parameter-removed", Unaffected, Breaking;
    /// A parameter of the path has another name.
    ParameterRenamed = "parameter-renamed", Unaffected, Breaking;
    /// A parameter that could be left out must be passed.
    ParameterRequired = "parameter-required", Breaking, Breaking;
    /// A parameter that had to be passed may be left out.
    ParameterOptional = "parameter-optional", Additive, Breaking;
    /// Another value holds where a parameter is left out.
    ParameterDefault = "parameter-default-changed", Breaking, Unaffected;
    /// A value holds where a parameter is left out: handlers get it without `Option`.
    ParameterDefaultAdded = "parameter-default-added", Unaffected, Breaking;
    /// No value holds any more where a parameter is left out: handlers get an `Option`.
    ParameterDefaultRemoved = "parameter-default-removed", Unaffected, Breaking;

    /// Clients may send one more message: a method to implement.
    InboundMessageAdded = "inbound-message-added", Additive, Breaking;
    /// Clients can no longer send a message.
    InboundMessageRemoved = "inbound-message-removed", Breaking, Breaking;
    /// The server may send one more message; clients ignore what they do not know.
    OutboundMessageAdded = "outbound-message-added", Additive, Additive;
    /// The server no longer sends a message that clients may wait for.
    OutboundMessageRemoved = "outbound-message-removed", Breaking, Breaking;
    /// A message has another name in the document and in Rust, and is the same on the wire.
    MessageRenamed = "message-renamed", Unaffected, Breaking;
    /// A message is known by another value.
    MessageTag = "message-tag-changed", Breaking, Unaffected;
    /// The payload of a message is written into its frame in another way.
    MessageEncoding = "message-encoding-changed", Breaking, Breaking;
    /// A message that arrived undecoded has a method now.
    MethodAdded = "method-added", Unaffected, Breaking;
    /// A message arrives undecoded now: nothing tells it from another.
    MethodRemoved = "method-removed", Unaffected, Breaking;
    /// The method of a message has another name.
    MethodRenamed = "method-renamed", Unaffected, Breaking;
    /// A message is answered now.
    ReplyAdded = "reply-added", Additive, Breaking;
    /// A message is no longer answered.
    ReplyRemoved = "reply-removed", Breaking, Breaking;
    /// A message is answered by other messages.
    ReplyChanged = "reply-changed", Breaking, Breaking;

    /// A type has another name in Rust.
    TypeRenamed = "type-renamed", Unaffected, Breaking;
    /// A field has another name in Rust.
    FieldRenamed = "field-renamed", Unaffected, Breaking;
    /// A property has another constant value.
    Constant = "constant-changed", Breaking, Unaffected;

    /// Clients may send one more property.
    InboundPropertyAdded = "inbound-property-added", Additive, Additive;
    /// Clients must send one more property.
    InboundRequiredPropertyAdded = "inbound-required-property-added", Breaking, Additive;
    /// A property that clients send is ignored.
    InboundPropertyRemoved = "inbound-property-removed", Unaffected, Breaking;
    /// A property that clients send is refused: the object allows no others than those listed.
    InboundPropertyForbidden = "inbound-property-forbidden", Breaking, Breaking;
    /// Clients must send a property that they could leave out.
    InboundPropertyRequired = "inbound-property-required", Breaking, Breaking;
    /// Clients may leave out a property that they had to send.
    InboundPropertyOptional = "inbound-property-optional", Additive, Breaking;
    /// An enumeration accepts one more value.
    InboundValueAdded = "inbound-value-added", Additive, Breaking;
    /// An enumeration no longer accepts a value.
    InboundValueRemoved = "inbound-value-removed", Breaking, Breaking;
    /// One more alternative is accepted.
    InboundAlternativeAdded = "inbound-alternative-added", Additive, Breaking;
    /// An alternative is no longer accepted.
    InboundAlternativeRemoved = "inbound-alternative-removed", Breaking, Breaking;
    /// A rule accepts more values.
    InboundWidened = "inbound-widened", Additive, Additive;
    /// A rule accepts fewer values, or others.
    InboundNarrowed = "inbound-narrowed", Breaking, Unaffected;
    /// Another type accepts all that was accepted, and more.
    InboundTypeWidened = "inbound-type-widened", Additive, Breaking;
    /// Another type refuses what was accepted.
    InboundTypeChanged = "inbound-type-changed", Breaking, Breaking;

    /// The server sends one more property; clients ignore what they do not know.
    OutboundPropertyAdded = "outbound-property-added", Additive, Breaking;
    /// The server sends one more property in an object that promised to have no others than those listed.
    OutboundPropertyUnexpected = "outbound-property-unexpected", Breaking, Breaking;
    /// The server no longer sends a property that was always there.
    OutboundPropertyRemoved = "outbound-property-removed", Breaking, Breaking;
    /// The server no longer sends a property that clients could not rely on.
    OutboundOptionalPropertyRemoved = "outbound-optional-property-removed", Unaffected, Breaking;
    /// The server always sends a property that it could leave out.
    OutboundPropertyRequired = "outbound-property-required", Additive, Breaking;
    /// The server may leave out a property that was always there.
    OutboundPropertyOptional = "outbound-property-optional", Breaking, Breaking;
    /// The server may send a value that clients do not know.
    OutboundValueAdded = "outbound-value-added", Breaking, Additive;
    /// The server no longer sends a value.
    OutboundValueRemoved = "outbound-value-removed", Unaffected, Breaking;
    /// The server may send an alternative that clients do not know.
    OutboundAlternativeAdded = "outbound-alternative-added", Breaking, Additive;
    /// The server no longer sends an alternative.
    OutboundAlternativeRemoved = "outbound-alternative-removed", Unaffected, Breaking;
    /// A rule lets the server send more values, or others.
    OutboundWidened = "outbound-widened", Breaking, Additive;
    /// A rule lets the server send fewer values.
    OutboundNarrowed = "outbound-narrowed", Unaffected, Breaking;
    /// Another type has only values that the server could send before.
    OutboundTypeNarrowed = "outbound-type-narrowed", Unaffected, Breaking;
    /// Another type has values that the server could not send before.
    OutboundTypeChanged = "outbound-type-changed", Breaking, Breaking;
}

impl Kind {
    /// The worse of the effects on clients and on handlers.
    #[must_use]
    pub fn effect(self) -> Effect {
        self.clients().max(self.handlers())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Kind, ()> {
        let named = |kind: &&Kind| kind.as_str() == text;
        Kind::ALL.iter().find(named).copied().ok_or(())
    }
}
