//! Generates WebSocket servers in Rust from AsyncAPI documents.
//!
//! ```text
//! text --document--> Document --lower--> model::Service --render--> tokens --format--> Vec<OutputFile> --output--> disk
//!         resolve follows `$ref`    every decision is taken       no decision from here on
//! ```
//!
//! [`Sources`] hold the text of the document and of the files that it refers to.
//! [`generate`] turns them into files without touching the disk; [`scaffold`] adds the files that the user owns;
//! [`output`] writes them. [`Builder`] does the same from `build.rs`. What is wrong with a document is a [`Diagnostic`](diagnostic::Diagnostic) with its place.

mod builder;
mod bundle;
pub mod compare;
mod conformance;
pub mod diagnostic;
pub mod document;
mod format;
pub mod lower;
pub mod markdown;
pub mod model;
pub mod naming;
pub mod options;
pub mod output;
mod parallel;
mod place;
#[cfg(feature = "cli")]
pub mod project;
mod render;
pub mod resolve;
mod rules;
pub mod scaffold;
pub mod settings;
pub mod table;

pub use builder::{BuildError, Builder};
pub use model::TagValue;
pub use options::{ChannelLayout, MessageRule, Options, Perspective};

use diagnostic::{Code, Diagnostics, Severity};
use document::Sources;
use format::Formatter;
use model::Service;
use output::{OutputFile, Ownership};

/// What a document became.
#[derive(Debug)]
pub struct Output {
    /// What was understood.
    pub service: Service,
    /// The generated files, with paths below the project's folder.
    pub files: Vec<OutputFile>,
    /// Warnings and notes.
    pub diagnostics: Diagnostics,
}

/// Generates the files that follow a document.
///
/// Does no I/O, and gives the same bytes for the same input anywhere. `document` is what the files call the document.
///
/// # Errors
/// All errors of the document, together with its warnings.
pub fn generate(
    sources: &Sources,
    options: &Options,
    document: &str,
) -> Result<Output, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let service = understand(sources, options, &mut diagnostics);
    match service {
        Some(service) if !diagnostics.has_errors() => match files(&service, document) {
            Ok(files) => Ok(Output {
                service,
                files,
                diagnostics,
            }),
            Err(error) => {
                diagnostics
                    .error(
                        Code::Internal,
                        None,
                        format!("the generated code is no Rust: {error}"),
                    )
                    .help("this is a bug of wsgen: please report it with the document");
                Err(diagnostics)
            }
        },
        _ => Err(diagnostics),
    }
}

/// Reads, checks and lowers a document: what `inspect` shows and `generate` renders.
pub fn understand<'a>(
    sources: &'a Sources,
    options: &'a Options,
    diagnostics: &mut Diagnostics,
) -> Option<Service> {
    let mut document = document::read(sources, diagnostics)?;
    rules::check(&document, sources, diagnostics);
    let is_assumed = lower::assume_servers(&mut document, options, diagnostics);
    let service = lower::lower(&document, sources, options, diagnostics);
    if let Some(incomplete) = &document.incomplete {
        // What something is made of had better be complete.
        let severity = match service {
            Some(_) if !is_assumed => Severity::Warning,
            _ => Severity::Note,
        };
        incomplete.report(severity, diagnostics);
    }
    service
}

/// Generates the tests of the document's examples, for the project whose library is called `krate`.
///
/// # Errors
/// When the rendered code is no Rust: a bug of wsgen, never of the document.
pub fn generate_tests(
    service: &Service,
    krate: &str,
    document: &str,
) -> Result<Option<OutputFile>, syn::Error> {
    let module = render::render_tests(service, krate);
    module
        .map(|module| file(module, &Formatter::default(), document))
        .transpose()
}

/// Renders and formats on every core: formatting is most of the work where there are many routes.
fn files(service: &Service, document: &str) -> Result<Vec<OutputFile>, syn::Error> {
    let parts = render::parts(service);
    let formatter = Formatter::default();
    let files = parallel::map(&parts, |&part| {
        file(render::render(service, part), &formatter, document)
    });
    files.into_iter().collect()
}

fn file(
    module: render::Module,
    formatter: &Formatter,
    document: &str,
) -> Result<OutputFile, syn::Error> {
    Ok(OutputFile {
        contents: formatter
            .format(module.code, &header(document))?
            .into_bytes(),
        path: module.file,
        ownership: Ownership::Generated,
    })
}

/// The first line of a generated file, and one line whatever the document's file is called.
fn header(document: &str) -> String {
    let document = naming::visible(document);
    format!("// @generated by wsgen from {document}. Do not edit.")
}
