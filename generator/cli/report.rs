//! What goes to the terminal: results to standard output, everything else to standard error.

use std::io::Write;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use wsgen::diagnostic::{Diagnostics, Severity, render_human, render_json};
use wsgen::document::Sources;

use super::arguments::{Color, Format};

/// How the user wants to be told.
#[derive(Debug)]
pub(super) struct Output {
    choice: ColorChoice,
    pub(super) format: Format,
    detail: Detail,
}

/// How much the user wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Only what is wrong.
    Quiet,
    /// What is wrong, and how it went.
    Normal,
    /// What was looked at as well.
    Verbose,
}

impl Output {
    pub(super) fn new(color: Color, format: Format, detail: Detail) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            choice,
            format,
            detail,
        }
    }

    /// Prints a result.
    pub(super) fn result(&self, text: &str) {
        let mut stdout = AutoStream::new(std::io::stdout().lock(), self.choice);
        // A reader that has gone away has seen enough.
        let _ = stdout.write_all(text.as_bytes());
    }

    /// Tells a person how it went.
    pub(super) fn tell(&self, text: &str) {
        if self.detail != Detail::Quiet {
            self.say(text);
        }
    }

    /// Reports the findings of a document.
    pub(super) fn findings(&self, diagnostics: &Diagnostics, sources: &Sources) {
        self.account(diagnostics, sources);
        if self.format == Format::Json {
            if diagnostics.has_errors() {
                self.result(&render_json(diagnostics, sources));
            }
            return;
        }
        let mut shown = Diagnostics::new();
        for diagnostic in diagnostics.iter() {
            if self.detail != Detail::Quiet || diagnostic.severity == Severity::Error {
                shown.add(diagnostic.clone());
            }
        }
        self.say(&render_human(&shown, sources, self.colored()));
    }

    /// Tells a curious person which files were read, and how many findings there are.
    pub(super) fn account(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if self.detail != Detail::Verbose {
            return;
        }
        for file in sources.files().filter(|file| !file.is_unread()) {
            self.say(&format!("read {}\n", file.name()));
        }
        let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note]
            .map(|severity| counted(diagnostics.count(severity), severity.as_str()));
        self.say(&format!("found {errors}, {warnings}, {notes}\n"));
    }

    /// Reports what else went wrong.
    pub(super) fn error(&self, message: &str) -> ExitCode {
        self.say(&format!("error: {message}\n"));
        ExitCode::from(1)
    }

    /// Reports a template that could not be rendered.
    pub(super) fn template_failed(&self, error: &askama::Error) -> ExitCode {
        self.error(&format!(
            "a template failed, which is a bug of wsgen: {error}"
        ))
    }

    fn say(&self, text: &str) {
        let mut stderr = AutoStream::new(std::io::stderr().lock(), self.choice);
        let _ = stderr.write_all(text.as_bytes());
    }

    fn colored(&self) -> bool {
        AutoStream::new(std::io::stderr(), self.choice).current_choice() != ColorChoice::Never
    }
}

/// A number of things, in words.
pub(super) fn counted(count: usize, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}
