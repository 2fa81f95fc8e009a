//! `wsgen check`: what is wrong with a document.

use std::process::ExitCode;

use clap::Args;
use wsgen::diagnostic::{Diagnostics, Severity, render_json, render_sarif};

use super::arguments::{Format, Input};
use super::report::Output;

/// Check a document: exit with 0 if it can be served, with 1 if there are errors.
#[derive(Args, Debug)]
pub(super) struct Check {
    #[command(flatten)]
    input: Input,
    /// Take warnings for errors.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let mut diagnostics = Diagnostics::new();
        let sources = self.input.load(&mut diagnostics);
        if !diagnostics.has_errors() {
            wsgen::understand(&sources, &self.input.options(), &mut diagnostics);
        }
        if self.strict {
            diagnostics = diagnostics.strict();
        }
        match output.format {
            Format::Json => {
                output.account(&diagnostics, &sources);
                output.result(&render_json(&diagnostics, &sources));
            }
            Format::Sarif => {
                output.account(&diagnostics, &sources);
                output.result(&render_sarif(&diagnostics, &sources));
            }
            Format::Human | Format::Mermaid | Format::Markdown => {
                output.findings(&diagnostics, &sources);
                output.tell(&summary(&self.input, &diagnostics));
            }
        }
        match diagnostics.has_errors() {
            true => ExitCode::from(1),
            false => ExitCode::SUCCESS,
        }
    }
}

fn summary(input: &Input, diagnostics: &Diagnostics) -> String {
    let count = |severity, one: &str| match diagnostics.count(severity) {
        0 => format!("no {one}s"),
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let errors = count(Severity::Error, "error");
    let warnings = count(Severity::Warning, "warning");
    let worst = diagnostics.iter().min_by_key(|finding| finding.severity);
    let worst = worst.filter(|finding| finding.severity != Severity::Note);
    let next = worst.map_or_else(String::new, |finding| {
        format!("; `wsgen explain {}` tells more", finding.code)
    });
    format!("{}: {errors}, {warnings}{next}\n", input.name())
}
