//! Changes as text for people, as Markdown and as JSON.

use std::fmt::Write;

use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use serde_json::{Value, json};
use wsgen::compare::{Change, Effect, Place};
use wsgen::document::{SourceFile, Sources};
use wsgen::markdown::literal;
use wsgen::naming::is_invisible;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Audience {
    /// Clients and handlers.
    All,
    /// Programs that connect to the server.
    Clients,
    /// The code of the server's handlers.
    Handlers,
}

impl Audience {
    /// What a change does to those who ask.
    pub(super) fn effect(self, change: &Change) -> Effect {
        match self {
            Self::All => change.kind.effect(),
            Self::Clients => change.kind.clients(),
            Self::Handlers => change.kind.handlers(),
        }
    }

    /// Words concern everybody; what affects only the others does not.
    pub(super) fn cares(self, change: &Change) -> bool {
        self.effect(change) > Effect::Unaffected || change.kind.effect() == Effect::Unaffected
    }
}

/// The changes between two documents, for those who ask.
pub(super) struct Comparison<'c> {
    pub(super) changes: &'c [Change],
    pub(super) audience: Audience,
    pub(super) old: &'c Sources,
    pub(super) new: &'c Sources,
}

/// One heading and the changes below it.
struct Section<'c> {
    heading: &'static str,
    style: Style,
    changes: Vec<&'c Change>,
}

impl Comparison<'_> {
    /// One line for each change, the worst first.
    pub(super) fn human(&self) -> String {
        let mut text = String::new();
        for section in self.sections() {
            let style = section.style;
            let _ = writeln!(text, "{style}{}{style:#}", section.heading);
            for change in section.changes {
                let (name, line, column) = self.position(change);
                let message = printable(&change.message);
                let kind = change.kind;
                let _ = writeln!(
                    text,
                    "  {}:{line}:{column}: {message} [{kind}]",
                    printable(name)
                );
            }
            text.push('\n');
        }
        text
    }

    /// A list below a heading for each effect.
    pub(super) fn markdown(&self) -> String {
        let mut text = String::new();
        for section in self.sections() {
            let _ = writeln!(text, "### {}\n", section.heading);
            for change in section.changes {
                let (name, line, column) = self.position(change);
                let message = escaped(&printable(&change.message));
                let kind = change.kind;
                let place = escaped(&format!("{}:{line}:{column}", printable(name)));
                let _ = writeln!(text, "- {message} ({place}, `{kind}`)");
            }
            text.push('\n');
        }
        if text.is_empty() {
            text.push_str("No changes.\n");
        }
        text
    }

    /// An array of objects, in the order of the documents.
    pub(super) fn json(&self) -> String {
        let changes: Vec<Value> = self
            .changes
            .iter()
            .map(|change| self.object(change))
            .collect();
        format!("{:#}\n", Value::Array(changes))
    }

    /// How many changes there are of each sort.
    pub(super) fn summary(&self) -> String {
        let count = |effect| {
            let of = |change: &&Change| self.audience.effect(change) == effect;
            self.changes.iter().filter(of).count()
        };
        match self.changes {
            [] => "no changes".to_owned(),
            _ => format!(
                "{} breaking, {} additive, {} editorial",
                count(Effect::Breaking),
                count(Effect::Additive),
                count(Effect::Unaffected)
            ),
        }
    }

    fn object(&self, change: &Change) -> Value {
        let (location, sources, document) = match &change.place {
            Place::Old(location) => (location, self.old, "old"),
            Place::New(location) => (location, self.new, "new"),
        };
        let (name, line, column) = self.position(change);
        json!({
            "kind": change.kind.as_str(),
            "clients": change.kind.clients().as_str(),
            "handlers": change.kind.handlers().as_str(),
            "message": change.message,
            "document": document,
            "file": name,
            "line": line,
            "column": column,
            "pointer": sources.file(location.file).pointer_at(&location.span),
        })
    }

    /// File, line and column, the latter two counted from 1.
    fn position(&self, change: &Change) -> (&str, usize, usize) {
        let (sources, location) = match &change.place {
            Place::Old(location) => (self.old, location),
            Place::New(location) => (self.new, location),
        };
        let file: &SourceFile = sources.file(location.file);
        let (line, column) = file.position(location.span.start);
        (file.name(), line, column)
    }

    fn sections(&self) -> Vec<Section<'_>> {
        let breaking = AnsiColor::Red.on_default().bold();
        let additive = AnsiColor::Green.on_default().bold();
        let mut sections: Vec<Section<'_>> = [
            ("Breaking for clients and handlers", breaking),
            ("Breaking for clients", breaking),
            ("Breaking for handlers", breaking),
            ("Additive", additive),
            ("Editorial", Style::new().bold()),
        ]
        .into_iter()
        .map(|(heading, style)| Section {
            heading,
            style,
            changes: Vec::new(),
        })
        .collect();
        for change in self.changes {
            let concerned = |one: Audience, effect| match self.audience == Audience::All
                || self.audience == one
            {
                true => effect,
                false => Effect::Unaffected,
            };
            let clients = concerned(Audience::Clients, change.kind.clients());
            let handlers = concerned(Audience::Handlers, change.kind.handlers());
            let section = match (clients, handlers) {
                (Effect::Breaking, Effect::Breaking) => 0,
                (Effect::Breaking, _) => 1,
                (_, Effect::Breaking) => 2,
                (Effect::Unaffected, Effect::Unaffected) => 4,
                _ => 3,
            };
            sections[section].changes.push(change);
        }
        sections.retain(|section| !section.changes.is_empty());
        sections
    }
}

/// Text of a document without characters that command a terminal or turn the direction of text.
fn printable(text: &str) -> String {
    text.replace(is_invisible, "\u{fffd}")
}

/// Text in which Markdown finds no markup but the code spans of a message.
fn escaped(text: &str) -> String {
    // A name with a backtick may end its code span, or begin one that is not there.
    if text.matches('`').count() % 2 == 1 || text.contains("``") {
        return literal(text);
    }
    let mut escaped = String::with_capacity(text.len());
    let mut in_code = false;
    for c in text.chars() {
        in_code ^= c == '`';
        if !in_code
            && matches!(
                c,
                '\\' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '&' | '@'
            )
        {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
