//! What a project has for each of its servers: an entrypoint, a config, and a test that it starts.

use askama::Template;

use crate::markdown::{line, quoted, words};
use crate::model::{Issuer, Server, Service};
use crate::naming::{raw_identifier, toml_string};
use crate::output::OutputFile;

use super::file::user_file;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For clients.
    pub listen: String,
    /// For the admin endpoints.
    pub admin: String,
}

impl Addresses {
    /// Where a server of a new project listens.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        Self {
            listen: server.listen.clone(),
            admin: server.admin.clone(),
        }
    }
}

/// Renders the entrypoint and the config of a server, for the project whose library is called `krate`.
///
/// # Errors
/// When a template cannot be rendered: a bug of wsgen.
pub fn entrypoint(
    server: &Server,
    krate: &str,
    addresses: &Addresses,
) -> Result<[OutputFile; 2], askama::Error> {
    let entrypoint = Entrypoint {
        name: &quoted(&server.name),
        url: &words(&server.url),
        krate,
        file: &server.file,
        function: raw_identifier(&server.function),
    };
    let config = ServerConfig {
        secure: server.secure,
        secured: server.judges_credentials(),
        issuer: config_issuer(server),
        name: &quoted(&server.name),
        listen: &addresses.listen,
        admin: &addresses.admin,
    };
    let [binary, settings] = entrypoint_paths(server);
    Ok([
        user_file(&binary, &entrypoint)?,
        user_file(&settings, &config)?,
    ])
}

/// Renders the test that a server starts, as `tests/servers.rs` has it.
///
/// # Errors
/// When the template cannot be rendered: a bug of wsgen.
pub fn server_test(server: &Server) -> Result<String, askama::Error> {
    Ok(ServerTest::of(server).render()? + "\n")
}

/// Where the entrypoint and the config of a server are.
#[must_use]
pub fn entrypoint_paths(server: &Server) -> [String; 2] {
    [
        format!("src/bin/{}.rs", server.file),
        format!("config/{}.toml", server.file),
    ]
}

/// Renders `tests/servers.rs`.
pub(super) fn server_tests(service: &Service, krate: &str) -> Result<OutputFile, askama::Error> {
    user_file("tests/servers.rs", &ServerTests::new(service, krate))
}

#[derive(Template)]
#[template(path = "src/bin/server.rs.askama")]
struct Entrypoint<'a> {
    name: &'a str,
    url: &'a str,
    krate: &'a str,
    file: &'a str,
    function: String,
}

#[derive(Template)]
#[template(path = "config/server.toml.askama")]
struct ServerConfig<'a> {
    secure: bool,
    secured: bool,
    issuer: Option<ConfigIssuer>,
    name: &'a str,
    listen: &'a str,
    admin: &'a str,
}

/// Who issues the tokens that a server asks for.
struct ConfigIssuer {
    /// What the document says, fit for a comment.
    url: String,
    /// The issuer as a string of TOML, empty where the document does not say.
    name: String,
}

fn config_issuer(server: &Server) -> Option<ConfigIssuer> {
    let schemes = server.security.iter().flatten();
    let issuer = schemes
        .chain(&server.operation_schemes)
        .find_map(|scheme| scheme.issuer.as_ref())?;
    Some(match issuer {
        Issuer::Described(issuer) => ConfigIssuer {
            url: line(issuer),
            name: toml_string(&line(issuer)),
        },
        Issuer::Tokens(url) => ConfigIssuer {
            url: line(url),
            name: toml_string(""),
        },
    })
}

#[derive(Template)]
#[template(path = "tests/servers.rs.askama")]
struct ServerTests<'a> {
    krate: &'a str,
    functions: Vec<ServerTest>,
}

/// The test that a server starts.
#[derive(Template)]
#[template(path = "tests/server.rs.askama")]
struct ServerTest {
    test: String,
    name: String,
}

impl ServerTest {
    fn of(server: &Server) -> Self {
        Self {
            test: format!("{}_starts", server.function.trim_end_matches('_')),
            name: raw_identifier(&server.function),
        }
    }
}

impl<'a> ServerTests<'a> {
    fn new(service: &Service, krate: &'a str) -> Self {
        let functions = service.servers.iter().map(ServerTest::of);
        Self {
            krate,
            functions: functions.collect(),
        }
    }
}
