//! `wsgen inspect`: what was understood of a document.

mod human;
mod json;
mod mermaid;
mod stages;
mod told_apart;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use wsgen::Options;
use wsgen::diagnostic::Diagnostics;
use wsgen::document::{self, Sources};
use wsgen::model::Service;
use wsgen::naming::visible_lines;

use super::arguments::{Format, Input};
use super::report::Output;

/// Show what wsgen understood of a document: servers, routes, messages, and how each is told apart.
#[derive(Args, Debug)]
pub(super) struct Inspect {
    #[command(flatten)]
    input: Input,
    /// What to show: the document as it was read, what was understood, or the generated files.
    #[arg(long, value_enum, default_value_t = Stage::Model)]
    stage: Stage,
}

/// A step on the way from the document to the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The document as it was read: nothing is decided yet.
    Document,
    /// What was understood: every decision is taken.
    Model,
    /// The generated files, with their contents.
    Files,
}

impl Inspect {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        if output.format == Format::Mermaid && self.stage != Stage::Model {
            output.error("`--format mermaid` draws what was understood: leave out `--stage`");
            return ExitCode::from(2);
        }
        let mut diagnostics = Diagnostics::new();
        let sources = self.input.load(&mut diagnostics);
        let made = match diagnostics.has_errors() {
            true => None,
            false => self.made(output.format, &sources, &mut diagnostics),
        };
        output.findings(&diagnostics, &sources);
        let Some(made) = made.filter(|_| !diagnostics.has_errors()) else {
            return ExitCode::from(1);
        };
        output.result(&made);
        ExitCode::SUCCESS
    }

    /// What the stage made of the document.
    fn made(
        &self,
        format: Format,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let options = self.input.options();
        match self.stage {
            Stage::Document => {
                let document = document::read(sources, diagnostics)?;
                Some(match format {
                    Format::Json => stages::document_for_programs(&document),
                    _ => visible_lines(stages::document_for_people(&document)),
                })
            }
            Stage::Model => {
                let service = wsgen::understand(sources, &options, diagnostics)?;
                Some(shown(format, &service, &options, diagnostics, sources))
            }
            Stage::Files => match wsgen::generate(sources, &options, &self.input.name()) {
                Ok(generated) => {
                    diagnostics.merge(generated.diagnostics);
                    Some(match format {
                        Format::Json => stages::files_for_programs(&generated.files),
                        _ => stages::files_for_people(&generated.files),
                    })
                }
                Err(errors) => {
                    diagnostics.merge(errors);
                    None
                }
            },
        }
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
