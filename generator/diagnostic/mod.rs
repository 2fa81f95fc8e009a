//! What wsgen has to say about a document, and where.

mod code;
mod human;
mod machine;
mod nearest;
#[cfg(test)]
mod tests;

pub use crate::place::Location;
pub use code::{Code, UnknownCode};
pub use human::render_human;
pub use machine::{render_json, render_sarif};
pub use nearest::nearest;

use std::collections::HashMap;

/// One finding: what is wrong or was assumed, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable code, such as `no-websocket-server`: `wsgen explain` tells its story.
    pub code: Code,
    /// Where; `None` only for findings about the whole input.
    pub location: Option<Location>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Other places that the finding is about, each with what it has to do with it.
    pub related: Vec<(Location, String)>,
    /// What to do next.
    pub help: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be generated.
    Error,
    /// Something was assumed or left out that the author may have meant otherwise.
    Warning,
    /// Something worth knowing.
    Note,
}

/// The findings of one run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    /// Where a finding is in `found`, so that saying the same thing again finds it at once.
    seen: HashMap<(Code, Option<Location>, String), usize>,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl Diagnostic {
    /// Says what to do next.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Points at another place that the finding is about.
    pub fn related(&mut self, location: Location, label: impl Into<String>) -> &mut Diagnostic {
        let other = (location, label.into());
        if !self.related.contains(&other) {
            self.related.push(other);
        }
        self
    }
}

impl Diagnostics {
    /// No findings yet.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds an error.
    pub fn error(
        &mut self,
        code: Code,
        location: impl Into<Option<Location>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(Severity::Error, code, location.into(), message.into())
    }

    /// Adds a warning.
    pub fn warning(
        &mut self,
        code: Code,
        location: impl Into<Option<Location>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(Severity::Warning, code, location.into(), message.into())
    }

    /// Adds a note.
    pub fn note(
        &mut self,
        code: Code,
        location: impl Into<Option<Location>>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.report(Severity::Note, code, location.into(), message.into())
    }

    /// Adds a finding; one that was already reported at the same place in the same words is returned instead, as bad
    /// as the worse of the two.
    pub fn report(
        &mut self,
        severity: Severity,
        code: Code,
        location: Option<Location>,
        message: String,
    ) -> &mut Diagnostic {
        let next = self.found.len();
        let index = *self
            .seen
            .entry((code, location.clone(), message.clone()))
            .or_insert(next);
        if index == next {
            self.found.push(Diagnostic {
                severity,
                code,
                location,
                message,
                related: Vec::new(),
                help: None,
            });
        }
        let found = &mut self.found[index];
        found.severity = found.severity.min(severity);
        found
    }

    /// "Did you mean": the [`nearest`] candidate; none after many findings, which nobody reads and which take time.
    pub fn nearest<'c>(
        &self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<&'c str> {
        const MOST: usize = 200;
        if self.found.len() < MOST {
            nearest(word, candidates)
        } else {
            None
        }
    }

    /// Takes over the findings of another collection.
    pub fn merge(&mut self, other: Diagnostics) {
        for diagnostic in other.found {
            self.add(diagnostic);
        }
    }

    /// Adds a finding that was made elsewhere, unless it is here already.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        let Diagnostic {
            severity,
            code,
            location,
            message,
            related,
            help,
        } = diagnostic;
        let added = self.report(severity, code, location, message);
        for (location, label) in related {
            added.related(location, label);
        }
        added.help = added.help.take().or(help);
    }

    /// The same findings, as strict readers take them: warnings are errors, and so is the note that a document is only a
    /// part of one.
    #[must_use]
    pub fn strict(&self) -> Diagnostics {
        let mut strict = Diagnostics::new();
        for diagnostic in &self.found {
            let is_error =
                diagnostic.severity == Severity::Warning || diagnostic.code == Code::Fragment;
            let mut diagnostic = diagnostic.clone();
            if is_error {
                diagnostic.severity = Severity::Error;
            }
            strict.add(diagnostic);
        }
        strict
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.found
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings, sorted by file and position; those about the whole input come first.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<&Diagnostic> = self.found.iter().collect();
        sorted.sort_by_key(|diagnostic| {
            let place = diagnostic
                .location
                .as_ref()
                .map(|location| (location.file, location.span.start, location.span.end));
            (place, diagnostic.severity, diagnostic.code)
        });
        sorted.into_iter()
    }
}
