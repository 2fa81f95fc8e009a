//! Arguments that several commands take.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wsgen::diagnostic::Diagnostics;
use wsgen::document::{FileSystem, Sources};
use wsgen::{ChannelLayout, MessageRule, Options, Perspective};

/// The document to read.
#[derive(Args, Debug)]
pub(super) struct Input {
    /// The AsyncAPI document, in YAML or JSON; `-` reads standard input.
    pub(super) spec: PathBuf,
    #[command(flatten)]
    pub(super) choices: Choices,
}

/// What the user decided about the document.
#[derive(Args, Debug, Default)]
pub(super) struct Choices {
    /// Which side of the API the document describes [default: server].
    #[arg(long, value_enum)]
    perspective: Option<Perspective>,
    /// How channels become routes [default: auto].
    #[arg(long, value_enum)]
    channels: Option<ChannelLayout>,
    /// Generate this server only, by its name, or one that the document does not have, by its URL (repeatable).
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// By which value of a property a message is known, such as `subscribe:type=subscribe` (repeatable).
    #[arg(long = "when", value_name = "MESSAGE:PROPERTY=VALUE", value_parser = rule)]
    messages: Vec<MessageRule>,
    /// A folder outside the document's own from which references may read (repeatable).
    #[arg(long, value_name = "DIR")]
    pub(super) allow_ref_root: Vec<PathBuf>,
}

/// Reads `MESSAGE:PROPERTY=VALUE`.
fn rule(text: &str) -> Result<MessageRule, String> {
    let expected =
        || "expected MESSAGE:PROPERTY=VALUE, such as `subscribe:type=subscribe`".to_owned();
    let (place, value) = text.split_once('=').ok_or_else(expected)?;
    let (message, property) = place.rsplit_once(':').ok_or_else(expected)?;
    let value = match (value.parse::<i64>(), value.parse::<bool>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(value)) => value.into(),
        _ => value.trim_matches('"').into(),
    };
    Ok(MessageRule {
        message: message.trim().to_owned(),
        property: property.trim().to_owned(),
        values: vec![value],
    })
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For code scanners, by `check`.
    Sarif,
    /// For a picture, by `inspect`.
    Mermaid,
    /// For a page or a comment, by `diff`.
    Markdown,
}

impl Input {
    /// What to call the document.
    pub(super) fn name(&self) -> String {
        called(&self.spec)
    }

    pub(super) fn load(&self, diagnostics: &mut Diagnostics) -> Sources {
        self.choices.load(&self.spec, diagnostics)
    }

    pub(super) fn options(&self) -> Options {
        self.choices.options()
    }
}

/// What to call a document.
pub(super) fn called(spec: &Path) -> String {
    match spec.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => spec.display().to_string(),
    }
}

impl Choices {
    pub(super) fn load(&self, spec: &Path, diagnostics: &mut Diagnostics) -> Sources {
        let files = FileSystem::new(spec, &self.allow_ref_root);
        Sources::load(spec, &files, diagnostics)
    }

    pub(super) fn options(&self) -> Options {
        self.over(Options::default())
    }

    /// These choices, and for what is not chosen those of `options`.
    pub(super) fn over(&self, options: Options) -> Options {
        Options {
            perspective: self.perspective.unwrap_or(options.perspective),
            channels: self.channels.unwrap_or(options.channels),
            servers: match self.servers.is_empty() {
                true => options.servers,
                false => self.servers.clone(),
            },
            messages: match self.messages.is_empty() {
                true => options.messages,
                false => self.messages.clone(),
            },
            ..options
        }
    }
}
