//! The files of a new project that are the user's from then on.

mod deployment;
mod documents;
mod file;
mod handler_test;
mod handlers;
mod library;
mod manifest;
mod project;
mod readme;
mod servers;
mod starter;

pub use documents::{Documents, documents};
pub use handlers::{Handler, Names, handlers};
pub use manifest::features;
pub use project::{Project, Runtime};
pub use servers::{Addresses, entrypoint, entrypoint_paths, server_test};
pub use starter::Starter;

use crate::model::Service;
use crate::options::Options;
use crate::output::OutputFile;
use crate::settings::Settings;
use file::user_text;

/// Renders the files that are written once.
///
/// # Errors
/// When a template cannot be rendered: a bug of wsgen, never of the document.
pub fn scaffold(
    service: &Service,
    project: &Project,
    options: &Options,
) -> Result<Vec<OutputFile>, askama::Error> {
    let settings = Settings {
        document: project.document.clone(),
        options: options.clone(),
        allow_ref_roots: project.allow_ref_roots.clone(),
        build_script: project.build_script.is_some(),
    };
    let mut files = vec![
        manifest::file(service, project)?,
        user_text("wsgen.toml", settings.to_toml()?),
        readme::file(service, project)?,
        user_text(".gitignore", include_str!("../../templates/gitignore")),
        library::file(service, project)?,
    ];
    let krate = project.package.replace('-', "_");
    for server in &service.servers {
        files.extend(entrypoint(server, &krate, &Addresses::of(server))?);
    }
    files.extend(handlers::files(service)?);
    files.push(servers::server_tests(service, &krate)?);
    files.extend(handler_test::file(service, &krate)?);
    if project.build_script.is_some() {
        files.push(library::build_script(project, options)?);
    }
    if !project.minimal
        && let Some(server) = service.servers.first()
    {
        files.extend(deployment::files(server, &project.package)?);
    }
    Ok(files)
}

/// The files that a project of this service has once, and gets when the document asks for them later: handlers,
/// entrypoints and their configs.
#[must_use]
pub fn written_once(service: &Service) -> Vec<String> {
    let handlers = handlers(service).into_iter().map(|handler| handler.path());
    let entrypoints = service.servers.iter().flat_map(entrypoint_paths);
    handlers.chain(entrypoints).collect()
}
