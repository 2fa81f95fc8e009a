//! `wsgen inspect`: what was understood of a document.

mod human;
mod json;
mod mermaid;
mod told_apart;

use std::process::ExitCode;

use clap::Args;
use wsgen::diagnostic::Diagnostics;
use wsgen::document::Sources;
use wsgen::lower::Options;
use wsgen::model::Service;
use wsgen::naming::visible_lines;

use super::report::Output;
use super::{Format, Input};

/// Show what wsgen understood of a document: servers, routes, messages, and how each is told apart.
#[derive(Args, Debug)]
pub(super) struct Inspect {
    #[command(flatten)]
    input: Input,
}

impl Inspect {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let mut diagnostics = Diagnostics::new();
        let sources = self.input.load(&mut diagnostics);
        let options = self.input.options();
        let service = match diagnostics.has_errors() {
            true => None,
            false => wsgen::understand(&sources, &options, &mut diagnostics),
        };
        output.findings(&diagnostics, &sources);
        let Some(service) = service.filter(|_| !diagnostics.has_errors()) else {
            return ExitCode::from(1);
        };
        output.result(&shown(
            output.format,
            &service,
            &options,
            &diagnostics,
            &sources,
        ));
        ExitCode::SUCCESS
    }
}

/// What was understood, in the format that the user wants.
pub(super) fn shown(
    format: Format,
    service: &Service,
    options: &Options,
    diagnostics: &Diagnostics,
    sources: &Sources,
) -> String {
    match format {
        Format::Json => json::describe(service, options, diagnostics, sources),
        Format::Mermaid => mermaid::draw(service),
        Format::Human | Format::Sarif | Format::Markdown => visible_lines(human::describe(service)),
    }
}
