//! The files of a new project that are the user's from then on.

mod documents;
mod handlers;
mod starter;

pub use documents::{Documents, documents};
pub use handlers::{Handler, Names, handlers};
pub use starter::Starter;

use std::path::Path;

use askama::Template;

use crate::lower::{ChannelLayout, Options, Perspective};
use crate::markdown::{line, quoted, words};
use crate::model::{Content, Issuer, Server, Service, Traffic};
use crate::naming::{is_invisible, raw_identifier, string_literal};
use crate::output::{OutputFile, Ownership};
use crate::settings::Settings;

/// What a new project is made of, apart from the document.
#[derive(Clone, Debug)]
pub struct Project {
    /// The name of the package.
    pub package: String,
    /// Where the runtime comes from.
    pub runtime: Runtime,
    /// Whether the manifest says that the project is a workspace of its own.
    pub standalone: bool,
    /// Whether to leave out the files for containers and CI.
    pub minimal: bool,
    /// Where the document lies in the project.
    pub document: String,
    /// Where `build.rs` gets wsgen from; `None` where the generated code is among the project's files.
    pub build_script: Option<Runtime>,
    /// Folders of the project, outside the document's own, that hold files that it refers to.
    pub allow_ref_roots: Vec<String>,
}

/// Where a project gets `wsgen-runtime`, or wsgen itself, from.
#[derive(Clone, Debug)]
pub enum Runtime {
    /// A folder, relative to the project or absolute.
    Path(String),
    /// The registry, in this version.
    Version(String),
}

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
        user_file("Cargo.toml", &manifest(service, project))?,
        user_text("wsgen.toml", settings.to_toml()?),
        user_file("README.md", &readme(service, project))?,
        user_file(".gitignore", &GitIgnore)?,
        user_file(
            "src/lib.rs",
            &Library {
                title: &words(&service.title),
                included: project.build_script.as_ref().map(|_| Included::of(project)),
            },
        )?,
    ];
    let krate = project.package.replace('-', "_");
    for server in &service.servers {
        files.extend(entrypoint(server, &krate, &Addresses::of(server))?);
    }
    files.extend(handlers::files(service)?);
    files.push(user_file(
        "tests/servers.rs",
        &ServerTests::new(service, &krate),
    )?);
    if project.build_script.is_some() {
        files.push(user_file("build.rs", &BuildScript::new(project, options))?);
    }
    if !project.minimal
        && let Some(server) = service.servers.first()
    {
        files.push(user_file(
            "Dockerfile",
            &Dockerfile {
                binary: &server.file,
            },
        )?);
        files.push(user_file(".dockerignore", &DockerIgnore)?);
        let deployment = Deployment {
            binary: &server.file,
            package: &project.package,
            secure: server.secure,
        };
        files.push(user_file("deploy/kubernetes.yaml", &deployment)?);
        files.push(user_file("deploy/alerts.yaml", &Alerts)?);
        files.push(user_file("deploy/grafana-dashboard.json", &Dashboard)?);
        let compose = Compose {
            secure: server.secure,
        };
        files.push(user_file("compose.yaml", &compose)?);
        files.push(user_file(".github/workflows/ci.yml", &Workflow)?);
    }
    Ok(files)
}

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

/// The files that a project of this service has once, and gets when the document asks for them later: handlers,
/// entrypoints and their configs.
#[must_use]
pub fn written_once(service: &Service) -> Vec<String> {
    let handlers = handlers(service).into_iter().map(|handler| handler.path());
    let entrypoints = service.servers.iter().flat_map(entrypoint_paths);
    handlers.chain(entrypoints).collect()
}

#[derive(Template)]
#[template(path = "Cargo.toml.askama")]
struct Manifest<'a> {
    package: &'a str,
    default_run: Option<&'a str>,
    runtime: String,
    /// Where the build script gets wsgen from, inside an inline table.
    wsgen: Option<String>,
    standalone: bool,
}

#[derive(Template)]
#[template(path = "build.rs.askama")]
struct BuildScript {
    document: String,
    builder: String,
}

#[derive(Template)]
#[template(path = "README.md.askama")]
struct Readme<'a> {
    title: String,
    document: String,
    secured: bool,
    servers: Vec<ReadmeServer<'a>>,
    build_script: bool,
}

struct ReadmeServer<'a> {
    name: String,
    url: String,
    file: &'a str,
    listen: &'a str,
    admin: &'a str,
    paths: String,
}

#[derive(Template)]
#[template(path = "gitignore.askama")]
struct GitIgnore;

#[derive(Template)]
#[template(path = "dockerignore.askama")]
struct DockerIgnore;

#[derive(Template)]
#[template(path = "Dockerfile.askama")]
struct Dockerfile<'a> {
    binary: &'a str,
}

#[derive(Template)]
#[template(path = "deploy/kubernetes.yaml.askama")]
struct Deployment<'a> {
    binary: &'a str,
    package: &'a str,
    secure: bool,
}

#[derive(Template)]
#[template(path = "deploy/alerts.yaml.askama")]
struct Alerts;

#[derive(Template)]
#[template(path = "deploy/grafana-dashboard.json.askama")]
struct Dashboard;

#[derive(Template)]
#[template(path = "compose.yaml.askama")]
struct Compose {
    secure: bool,
}

#[derive(Template)]
#[template(path = ".github/workflows/ci.yml.askama")]
struct Workflow;

#[derive(Template)]
#[template(path = "src/lib.rs.askama")]
struct Library<'a> {
    title: &'a str,
    included: Option<Included>,
}

/// The generated code that `build.rs` leaves in `OUT_DIR`.
struct Included {
    document: String,
    file: String,
}

impl Included {
    fn of(project: &Project) -> Self {
        let file = Path::new(&project.document).with_extension("rs");
        let file = file.file_name().unwrap_or_default().to_string_lossy();
        Self {
            document: quoted(&project.document),
            file: string_literal(&file).to_string(),
        }
    }
}

impl BuildScript {
    fn new(project: &Project, options: &Options) -> Self {
        let mut calls = vec!["wsgen::Builder::new()".to_owned()];
        if options.perspective == Perspective::Client {
            calls.push(".perspective(wsgen::Perspective::Client)".to_owned());
        }
        let layout = match options.channels {
            ChannelLayout::Auto => None,
            ChannelLayout::Paths => Some("Paths"),
            ChannelLayout::Multiplex => Some("Multiplex"),
        };
        calls.extend(layout.map(|layout| format!(".channels(wsgen::ChannelLayout::{layout})")));
        let servers = options.servers.iter();
        calls.extend(servers.map(|server| format!(".server({})", string_literal(server))));
        let roots = project.allow_ref_roots.iter();
        calls.extend(roots.map(|folder| format!(".allow_ref_root({})", string_literal(folder))));
        calls.extend(options.client.then(|| ".client(true)".to_owned()));
        calls.push(format!(".generate({})", string_literal(&project.document)));
        Self {
            document: quoted(&project.document),
            builder: chain(&calls),
        }
    }
}

/// Method calls as rustfmt would break them, in the body of a function.
fn chain(calls: &[String]) -> String {
    const WIDTH: usize = 60;
    let line = calls.concat();
    match line.len() <= WIDTH {
        true => line,
        false => calls.join("\n        "),
    }
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

fn manifest<'a>(service: &'a Service, project: &'a Project) -> Manifest<'a> {
    let several = service.servers.len() > 1;
    Manifest {
        package: &project.package,
        default_run: service
            .servers
            .first()
            .filter(|_| several)
            .map(|server| server.file.as_str()),
        runtime: runtime(&project.runtime, &features(service)),
        wsgen: project.build_script.as_ref().map(|wsgen| match wsgen {
            Runtime::Path(path) => format!("path = {}", toml_string(path)),
            Runtime::Version(version) => format!("version = {}", toml_string(version)),
        }),
        standalone: project.standalone,
    }
}

/// The dependency on the runtime, with the features that the document needs.
fn runtime(runtime: &Runtime, features: &[&str]) -> String {
    let features = match features {
        [] => String::new(),
        _ => format!(", features = {features:?}"),
    };
    match runtime {
        Runtime::Path(path) => format!("{{ path = {}{features} }}", toml_string(path)),
        Runtime::Version(version) if features.is_empty() => toml_string(version),
        Runtime::Version(version) => {
            format!("{{ version = {}{features} }}", toml_string(version))
        }
    }
}

/// What the messages and the client ask of the runtime beyond its default.
#[must_use]
pub fn features(service: &Service) -> Vec<&'static str> {
    let exchanges = service
        .routes
        .iter()
        .filter_map(|route| match &route.traffic {
            Traffic::Typed(exchange) => Some(exchange),
            Traffic::Raw => None,
        });
    let contents: Vec<Content> = exchanges
        .flat_map(|exchange| {
            exchange
                .inbound
                .variants
                .iter()
                .chain(&exchange.outbound.variants)
        })
        .map(|variant| variant.content)
        .collect();
    let formats = [(Content::Cbor, "cbor"), (Content::MessagePack, "msgpack")]
        .into_iter()
        .filter(|(content, _)| contents.contains(content))
        .map(|(_, feature)| feature);
    // A client of `wss://` needs TLS; the server has a proxy, or a line to change here.
    let secure = service.servers.iter().any(|server| server.secure);
    let client = service.client.then_some(match secure {
        true => "client-tls",
        false => "client",
    });
    client.into_iter().chain(formats).collect()
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

fn user_file(path: &str, template: &impl Template) -> Result<OutputFile, askama::Error> {
    Ok(user_text(path, template.render()?))
}

fn user_text(path: &str, mut contents: String) -> OutputFile {
    if !contents.ends_with('\n') {
        contents.push('\n');
    }
    OutputFile {
        path: path.to_owned(),
        contents: contents.into_bytes(),
        ownership: Ownership::User,
    }
}

/// A basic string of TOML, or a double-quoted scalar of YAML: both know these escapes.
pub(crate) fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_invisible(c) => match u32::from(c) {
                code @ ..=0xffff => quoted.push_str(&format!("\\u{code:04X}")),
                code => quoted.push_str(&format!("\\U{code:08X}")),
            },
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
