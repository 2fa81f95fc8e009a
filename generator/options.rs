//! What the user decides about a document: the one place that knows each option by its name.
//!
//! The command line, `wsgen.toml`, [`Builder`](crate::Builder) and the `build.rs` of a new project say the same by the
//! same words: an option is a field of [`Options`], and a line of [`Options::chosen`].

#[cfg(feature = "cli")]
use clap::ValueEnum;
#[cfg(feature = "cli")]
use serde::Deserialize;

use crate::model::TagValue;

/// What the user decided about the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which side of the API the document is written from.
    pub perspective: Perspective,
    /// How channels become routes.
    pub channels: ChannelLayout,
    /// The servers to generate, by name; all of them where the list is empty. One that is not in the document is named by
    /// its URL.
    pub servers: Vec<String>,
    /// Whether to generate a client as well.
    pub client: bool,
    /// By which values messages are known.
    pub messages: Vec<MessageRule>,
}

/// By which value of a property a message is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRule {
    /// The message, by its key, its `name` or its `messageId`.
    pub message: String,
    /// The property; with a dot, one inside an object.
    pub property: String,
    /// The values that stand for the message.
    pub values: Vec<TagValue>,
}

/// The application that a document describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(Deserialize, ValueEnum),
    serde(rename_all = "lowercase")
)]
pub enum Perspective {
    /// The document describes the server.
    ///
    /// What it receives arrives at the handlers.
    #[default]
    Server,
    /// The document describes a client of the server.
    ///
    /// What it sends arrives at the handlers.
    Client,
}

/// How channels become routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "cli",
    derive(Deserialize, ValueEnum),
    serde(rename_all = "lowercase")
)]
pub enum ChannelLayout {
    /// By the addresses of the channels.
    ///
    /// Paths become routes, the rest shares one socket.
    #[default]
    Auto,
    /// Every channel is a route of its own.
    Paths,
    /// All channels share one socket.
    Multiplex,
}

impl Perspective {
    /// The word for it on the command line and in `wsgen.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

impl ChannelLayout {
    /// The word for it on the command line and in `wsgen.toml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Paths => "paths",
            Self::Multiplex => "multiplex",
        }
    }
}

/// An option that is not what it is by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<'o> {
    /// Its key in `wsgen.toml`.
    pub key: &'static str,
    /// The method of [`Builder`](crate::Builder) that sets it; called once for each of several texts.
    pub method: &'static str,
    /// What was chosen.
    pub value: ChosenValue<'o>,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenValue<'o> {
    /// One of a few: the word for it, and the path of its variant in Rust.
    Word(&'static str, &'static str),
    /// Any texts.
    Texts(&'o [String]),
    /// Yes.
    Yes,
    /// By which values a message is known.
    When(&'o MessageRule),
}

impl Options {
    /// The options that are not as they are by default, in the order of their fields.
    #[must_use]
    pub fn chosen(&self) -> Vec<Chosen<'_>> {
        let word = |word, path| Some(ChosenValue::Word(word, path));
        let options = [
            (
                "perspective",
                "perspective",
                match self.perspective {
                    Perspective::Server => None,
                    Perspective::Client => word("client", "Perspective::Client"),
                },
            ),
            (
                "channels",
                "channels",
                match self.channels {
                    ChannelLayout::Auto => None,
                    ChannelLayout::Paths => word("paths", "ChannelLayout::Paths"),
                    ChannelLayout::Multiplex => word("multiplex", "ChannelLayout::Multiplex"),
                },
            ),
            (
                "servers",
                "server",
                (!self.servers.is_empty()).then_some(ChosenValue::Texts(&self.servers)),
            ),
            ("client", "client", self.client.then_some(ChosenValue::Yes)),
        ];
        let chosen = options.into_iter().filter_map(|(key, method, value)| {
            Some(Chosen {
                key,
                method,
                value: value?,
            })
        });
        let rules = self.messages.iter().map(|rule| Chosen {
            key: "messages",
            method: "message_when",
            value: ChosenValue::When(rule),
        });
        chosen.chain(rules).collect()
    }
}
