//! The stable codes of the findings: one line here and one page in `explain/` for each.

use std::fmt;
use std::str::FromStr;

/// Declares [`Code`] from one table, so that no list of codes can fall behind another.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// What kind of finding a diagnostic is; the text form is stable and can be explained.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable name, in kebab case.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $text,)+
                }
            }

            /// The story of the code in Markdown: what it means, an example, and what to do.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Code::$variant => include_str!(concat!("explain/", $text, ".md")),)+
                }
            }
        }
    };
}

codes! {
    // Files and text.
    /// A file cannot be read.
    UnreadableFile = "unreadable-file",
    /// A file, or all files together, exceed the size or the number of elements that wsgen reads.
    TooLarge = "too-large",
    /// Values are nested deeper than wsgen reads.
    TooDeep = "too-deep",
    /// A file is not UTF-8 text.
    NotUtf8 = "not-utf8",
    /// The text is not YAML or JSON.
    Syntax = "syntax",
    /// An object has the same key twice.
    DuplicateKey = "duplicate-key",
    /// A file has more than one YAML document.
    MultipleDocuments = "multiple-documents",
    /// A value carries a YAML tag.
    UnexpectedTag = "unexpected-tag",

    // What the document is.
    /// The file is something other than an AsyncAPI document.
    NotAsyncApi = "not-asyncapi",
    /// The version of AsyncAPI is not one that wsgen reads.
    UnknownVersion = "unknown-version",
    /// The document is a part of an AsyncAPI document.
    Fragment = "fragment",

    // References.
    /// A reference points at nothing.
    DanglingReference = "dangling-reference",
    /// References lead back to where they started.
    ReferenceCycle = "reference-cycle",
    /// A reference points at the network.
    RemoteReference = "remote-reference",
    /// A reference points outside the folders that may be read.
    ReferenceOutsideRoot = "reference-outside-root",
    /// A 3.x operation refers to a message of `components` instead of one of its channel.
    ComponentMessageReference = "component-message-reference",
    /// A 3.x operation refers to a channel of `components` instead of one of `channels`.
    ComponentChannelReference = "component-channel-reference",
    /// A channel is limited to a server that the document does not have.
    UnknownServerReference = "unknown-server-reference",
    /// An operation or a reply names a message that its channel does not carry.
    MessageNotInChannel = "message-not-in-channel",

    // Shape.
    /// A value is of the wrong type.
    WrongType = "wrong-type",
    /// A required property is not there.
    MissingProperty = "missing-property",
    /// A property that the specification does not know.
    UnknownProperty = "unknown-property",
    /// A value is of the right type but not one of those allowed.
    InvalidValue = "invalid-value",
    /// Two operations have the same `operationId`.
    DuplicateOperationId = "duplicate-operation-id",
    /// Two messages have the same `messageId`.
    DuplicateMessageId = "duplicate-message-id",

    // Servers and security.
    /// No server of the document speaks WebSocket.
    NoWebSocketServer = "no-websocket-server",
    /// The document has `servers`, and none in it.
    EmptyServers = "empty-servers",
    /// The user asked for a server that the document does not have.
    UnknownServer = "unknown-server",
    /// A server is left out because it does not speak WebSocket.
    SkippedServer = "skipped-server",
    /// A server's URL uses a variable that is not declared.
    MissingVariable = "missing-variable",
    /// A server is served for one value of a variable in its path only.
    UnservedValue = "unserved-value",
    /// A declared server variable is not used.
    UnusedVariable = "unused-variable",
    /// A security requirement names a scheme that is not declared.
    UndeclaredScheme = "undeclared-scheme",
    /// A security requirement asks for a scope that the scheme does not have.
    UndeclaredScope = "undeclared-scope",
    /// A security scheme has no place in a WebSocket handshake.
    UnsupportedScheme = "unsupported-scheme",

    // Bindings.
    /// The binding is called `websockets`; its name is `ws`.
    WebsocketsBindingKey = "websockets-binding-key",
    /// The version of the binding is not known.
    BindingVersion = "binding-version",
    /// The method of the binding is not one that a WebSocket handshake can use.
    BindingMethod = "binding-method",

    // Channels and operations.
    /// The document has no channels.
    NoChannels = "no-channels",
    /// Several channels are served on one route.
    Multiplexed = "multiplexed",
    /// Two channels have the same route.
    DuplicateRoute = "duplicate-route",
    /// The address of a channel has a part that cannot be served.
    InvalidAddress = "invalid-address",
    /// The address of a channel has a parameter that is not declared.
    UndeclaredParameter = "undeclared-parameter",
    /// A declared parameter is not in the address of the channel.
    UnusedParameter = "unused-parameter",
    /// An operation belongs to no channel that is served.
    UnreachableOperation = "unreachable-operation",
    /// The document seems to describe the client.
    Perspective = "perspective",

    // Messages and schemas.
    /// Two messages of a channel cannot be told apart.
    AmbiguousMessages = "ambiguous-messages",
    /// What tells messages apart is suggested by the document, not said by its schemas.
    SuggestedTag = "suggested-tag",
    /// The settings speak of a message that the document does not have.
    UnknownMessage = "unknown-message",
    /// A message has headers, which no frame has.
    MessageHeaders = "message-headers",
    /// An operation has no handler of its own, because another one takes its message.
    SharedMessage = "shared-message",
    /// A reply stays on its connection, and the document says that it goes over another channel.
    ReplyChannel = "reply-channel",
    /// What a document says of a property that is absent is not what a handler sees.
    AbsentProperty = "absent-property",
    /// A schema says nothing about its values.
    UntypedSchema = "untyped-schema",
    /// A schema uses a construct that has no Rust type.
    UnsupportedSchema = "unsupported-schema",
    /// A content type or schema format that wsgen does not decode.
    UnsupportedContentType = "unsupported-content-type",
    /// An example violates the schema that it illustrates.
    InvalidExample = "invalid-example",
    /// A default violates the schema that it belongs to.
    InvalidDefault = "invalid-default",

    // wsgen itself.
    /// wsgen wrote something that is no Rust.
    Internal = "internal",
}

impl Code {
    /// What the code means in a few words: the heading of its explanation.
    pub fn title(self) -> &'static str {
        let heading = self.explanation().lines().next().unwrap_or_default();
        heading.trim_start_matches("# ")
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no code; the nearest one is there to be suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// The code that was most likely meant.
    pub nearest: Option<Code>,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nearest {
            Some(code) => write!(f, "no such code; did you mean `{code}`?"),
            None => write!(f, "no such code; codes look like `{}`", Code::Syntax),
        }
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        let by_name = |name: &str| Code::ALL.iter().copied().find(|code| code.as_str() == name);
        by_name(text).ok_or_else(|| UnknownCode {
            nearest: super::nearest(text, Code::ALL.iter().map(|code| code.as_str()))
                .and_then(by_name),
        })
    }
}
