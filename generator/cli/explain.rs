//! `wsgen explain`: a code at length, of a finding or of a change.

use std::fmt::Write;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use serde_json::json;
use wsgen::compare::Kind;
use wsgen::diagnostic::{Code, UnknownCode};

use super::arguments::Format;
use super::report::Output;

/// Explain the code of a finding or of a change, such as `no-websocket-server`; without one, list them all.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, as it stands in brackets: behind `error` or `warning`, or at the end of a line of `wsgen diff`.
    code: Option<Story>,
}

/// What has a story.
#[derive(Clone, Copy, Debug)]
enum Story {
    /// A finding of `check`.
    Finding(Code),
    /// A change that `diff` reports.
    Change(Kind),
}

impl Explain {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let json = output.format == Format::Json;
        output.result(&match self.code {
            Some(story) if json => format!("{:#}\n", story.entry()),
            Some(story) => story.explanation(),
            None if json => {
                let entries: serde_json::Value = Story::all().map(Story::entry).collect();
                format!("{entries:#}\n")
            }
            None => list(),
        });
        ExitCode::SUCCESS
    }
}

impl Story {
    fn all() -> impl Iterator<Item = Story> {
        let findings = Code::ALL.iter().copied().map(Story::Finding);
        findings.chain(Kind::ALL.iter().copied().map(Story::Change))
    }

    fn code(self) -> &'static str {
        match self {
            Self::Finding(code) => code.as_str(),
            Self::Change(kind) => kind.as_str(),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Finding(code) => code.title(),
            Self::Change(kind) => kind.meaning().trim_end_matches('.'),
        }
    }

    fn explanation(self) -> String {
        match self {
            Self::Finding(code) => code.explanation().to_owned(),
            Self::Change(kind) => format!(
                "# {}\n\nReported by `wsgen diff`.\n\n- clients: {}\n- handlers: {}\n",
                self.title(),
                kind.clients().as_str(),
                kind.handlers().as_str()
            ),
        }
    }

    fn entry(self) -> serde_json::Value {
        json!({ "code": self.code(), "title": self.title(), "explanation": self.explanation() })
    }
}

impl FromStr for Story {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        match text.parse() {
            Ok(kind) => Ok(Self::Change(kind)),
            Err(()) => text.parse().map(Self::Finding),
        }
    }
}

fn list() -> String {
    let width = Story::all().map(|story| story.code().len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for story in Story::all() {
        let _ = writeln!(text, "{:width$}  {}", story.code(), story.title());
    }
    text
}
