//! `README.md`.

use askama::Template;

use crate::markdown::{line, quoted, words};
use crate::model::{Server, Service};
use crate::output::OutputFile;

use super::file::user_file;
use super::handler_test;
use super::project::Project;

/// Renders `README.md`.
pub(super) fn file(service: &Service, project: &Project) -> Result<OutputFile, askama::Error> {
    user_file("README.md", &readme(service, project))
}

#[derive(Template)]
#[template(path = "README.md.askama")]
struct Readme<'a> {
    title: String,
    document: String,
    secured: bool,
    servers: Vec<ReadmeServer<'a>>,
    build_script: bool,
    /// Whether there is `tests/handlers.rs`.
    handler_test: bool,
}

struct ReadmeServer<'a> {
    name: String,
    url: String,
    file: &'a str,
    listen: &'a str,
    admin: &'a str,
    paths: String,
}

fn readme<'s>(service: &'s Service, project: &Project) -> Readme<'s> {
    Readme {
        title: words(&service.title),
        document: quoted(&project.document),
        secured: service
            .servers
            .iter()
            .any(|server| !server.security.is_empty()),
        servers: service.servers.iter().map(readme_server).collect(),
        build_script: project.build_script.is_some(),
        handler_test: handler_test::is_written(service),
    }
}

fn readme_server(server: &Server) -> ReadmeServer<'_> {
    let paths: Vec<String> = server
        .routes
        .iter()
        // A bar would be the end of the cell.
        .map(|route| quoted(&route.path).replace('|', "\\|"))
        .collect();
    ReadmeServer {
        name: words(&server.name),
        url: line(&server.url),
        file: &server.file,
        listen: &server.listen,
        admin: &server.admin,
        paths: paths.join(", "),
    }
}
