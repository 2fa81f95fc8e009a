//! Generates WebSocket servers in Rust from AsyncAPI documents.
//!
//! ```text
//! text --document--> Document --lower--> model::Service --render--> tokens --format--> Vec<OutputFile> --output--> disk
//!         resolve follows `$ref`    every decision is taken       no decision from here on
//! ```
//!
//! [`Sources`](document::Sources) hold the text of the document and of the files that it refers to.
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
pub mod model;
pub mod naming;
pub mod output;
#[cfg(feature = "cli")]
pub mod project;
mod render;
pub mod resolve;
mod rules;
pub mod scaffold;
pub mod settings;

pub use builder::{BuildError, Builder};
pub use lower::{ChannelLayout, Perspective};

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};

use diagnostic::{Code, Diagnostics, Severity};
use document::Sources;
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
    options: &lower::Options,
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
pub fn understand(
    sources: &Sources,
    options: &lower::Options,
    diagnostics: &mut Diagnostics,
) -> Option<Service> {
    let document = document::read(sources, diagnostics)?;
    rules::check(&document, sources, diagnostics);
    let service = lower::lower(&document, sources, options, diagnostics)?;
    // Something is made of the fragment after all: it had better be complete.
    diagnostics.set_severity(Code::Fragment, Severity::Warning);
    Some(service)
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
    module.map(|module| file(module, document)).transpose()
}

/// Renders and formats on every core: formatting is most of the work where there are many routes.
fn files(service: &Service, document: &str) -> Result<Vec<OutputFile>, syn::Error> {
    let parts = render::parts(service);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    // Each takes what is next, since the module of all messages is as much work as many routes.
    let work = || {
        let indices = iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        let taken = indices.map_while(|index| Some((index, *parts.get(index)?)));
        let rendered = taken.map(|(index, part)| {
            let module = render::render(service, part);
            Ok((index, file(module, document)?))
        });
        rendered.collect::<Result<Vec<_>, syn::Error>>()
    };
    let mut files = Vec::with_capacity(parts.len());
    std::thread::scope(|scope| -> Result<(), syn::Error> {
        let workers = cores.min(parts.len().div_ceil(MIN_SHARE));
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let done = worker.join();
            files.extend(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    })?;
    files.sort_unstable_by_key(|(index, _)| *index);
    Ok(files.into_iter().map(|(_, file)| file).collect())
}

/// Fewer modules than these are not worth a thread.
const MIN_SHARE: usize = 16;

fn file(module: render::Module, document: &str) -> Result<OutputFile, syn::Error> {
    Ok(OutputFile {
        contents: format::format(module.code, &header(document))?.into_bytes(),
        path: module.file,
        ownership: Ownership::Generated,
    })
}

/// The first line of a generated file.
fn header(document: &str) -> String {
    format!("// @generated by wsgen from {document}. Do not edit.")
}
