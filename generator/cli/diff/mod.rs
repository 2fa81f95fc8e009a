//! `wsgen diff`: what a new document changes for clients and for handlers.

mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum, error::ErrorKind};
use wsgen::compare::{Effect, compare};
use wsgen::diagnostic::{Diagnostics, Severity};
use wsgen::document::Sources;
use wsgen::model::Service;

use show::Audience;

use super::arguments::{Choices, Format, called};
use super::report::Output;

/// Say what a new document changes for clients and for handlers.
///
/// Each change is breaking for clients or handlers, additive, or only another wording; `wsgen explain` tells of each kind.
#[derive(Args, Debug)]
pub(super) struct Diff {
    /// The document as it was; `-` reads standard input.
    old: PathBuf,
    /// The document as it is; `-` reads standard input.
    new: PathBuf,
    /// Exit with 1 when there is such a change.
    #[arg(long, value_enum, value_name = "EFFECT")]
    deny: Option<Denied>,
    /// Tell only what concerns these.
    #[arg(long = "for", value_enum, default_value_t = Audience::All, value_name = "WHOM")]
    audience: Audience,
    #[command(flatten)]
    choices: Choices,
}

/// What a pipeline does not let pass.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Denied {
    /// What breaks somebody.
    Breaking,
    /// Whatever is not just words.
    Additive,
    /// Any change.
    Editorial,
}

impl Diff {
    pub(super) fn run(self, mut wsgen: Command, output: &Output) -> ExitCode {
        if self.old == self.new && self.old.as_os_str() == "-" {
            wsgen
                .error(
                    ErrorKind::ArgumentConflict,
                    "only one document can come from standard input",
                )
                .exit();
        }
        let old = self.understand(&self.old, output);
        let new = self.understand(&self.new, output);
        let (Some((old, old_sources)), Some((new, new_sources))) = (old, new) else {
            return ExitCode::from(1);
        };
        let mut changes = compare(&old, &new);
        changes.retain(|change| self.audience.cares(change));
        let comparison = show::Comparison {
            changes: &changes,
            audience: self.audience,
            old: &old_sources,
            new: &new_sources,
        };
        output.result(&match output.format {
            Format::Json => comparison.json(),
            Format::Markdown => comparison.markdown(),
            Format::Human | Format::Sarif | Format::Mermaid => comparison.human(),
        });
        let names = format!("{} -> {}", called(&self.old), called(&self.new));
        output.tell(&format!("{names}: {}\n", comparison.summary()));
        let denied = |deny: Denied| {
            changes
                .iter()
                .any(|change| self.audience.effect(change) >= deny.effect())
        };
        match self.deny.is_some_and(denied) {
            true => ExitCode::from(1),
            false => ExitCode::SUCCESS,
        }
    }

    /// What a document says; `None`, and its errors told, where it is at fault. Warnings are for `check` to tell.
    fn understand(&self, spec: &Path, output: &Output) -> Option<(Service, Sources)> {
        let mut diagnostics = Diagnostics::new();
        let sources = self.choices.load(spec, &mut diagnostics);
        let options = self.choices.options();
        let service = match diagnostics.has_errors() {
            true => None,
            false => wsgen::understand(&sources, &options, &mut diagnostics),
        };
        let mut errors = Diagnostics::new();
        for finding in diagnostics
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
        {
            errors.add(finding.clone());
        }
        output.findings(&errors, &sources);
        let service = service.filter(|_| !errors.has_errors())?;
        Some((service, sources))
    }
}

impl Denied {
    fn effect(self) -> Effect {
        match self {
            Self::Breaking => Effect::Breaking,
            Self::Additive => Effect::Additive,
            Self::Editorial => Effect::Unaffected,
        }
    }
}
