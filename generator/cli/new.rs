//! `wsgen new`: a project for those who have no document yet.

use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use wsgen::Options;
use wsgen::diagnostic::Diagnostics;
use wsgen::document::Sources;
use wsgen::scaffold::Starter;

use super::init::{Spec, Target};
use super::report::Output;

/// Begin without a document: scaffold a project with a small one that explains itself.
#[derive(Args, Debug)]
pub(super) struct New {
    /// The title of the document.
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    title: String,
    #[command(flatten)]
    target: Target,
    /// What the document is about.
    #[arg(long, value_enum, default_value_t = Template::Chat)]
    template: Template,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// Rooms in which people talk.
    Chat,
    /// A server that pushes.
    Push,
    /// Requests that are answered.
    RequestReply,
    /// A stream of bytes.
    Binary,
}

impl New {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let starter = match self.template {
            Template::Chat => Starter::Chat,
            Template::Push => Starter::Push,
            Template::RequestReply => Starter::RequestReply,
            Template::Binary => Starter::Binary,
        };
        let document = match starter.document(&self.title) {
            Ok(document) => document,
            Err(error) => return output.template_failed(&error),
        };
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("asyncapi.yaml", document, &mut diagnostics);
        let spec = Spec {
            sources: &sources,
            options: Options::default(),
            stem: "server".into(),
        };
        self.target.write(&spec, diagnostics, output)
    }
}
