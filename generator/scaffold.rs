//! The files of a new project that are the user's from then on.

mod documents;
mod handlers;

pub use documents::{Documents, documents};

use std::path::Path;

use askama::Template;

use crate::lower::{ChannelLayout, Options, Perspective};
use crate::model::{Content, Issuer, Server, Service, Traffic};
use crate::naming::raw_identifier;
use crate::output::{OutputFile, Ownership};

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
    let mut files = vec![
        user_file("Cargo.toml", &manifest(service, project))?,
        user_file("wsgen.toml", &settings(project, options))?,
        user_file("README.md", &readme(service, project))?,
        user_file(".gitignore", &GitIgnore)?,
        user_file(
            "src/lib.rs",
            &Library {
                title: &line(&service.title),
                included: project.build_script.as_ref().map(|_| Included::of(project)),
            },
        )?,
    ];
    let krate = project.package.replace('-', "_");
    for server in &service.servers {
        let entrypoint = Entrypoint {
            name: &quoted(&server.name),
            url: &line(&server.url),
            krate: &krate,
            file: &server.file,
            function: raw_identifier(&server.function),
        };
        files.push(user_file(
            &format!("src/bin/{}.rs", server.file),
            &entrypoint,
        )?);
        let config = ServerConfig {
            secure: server.secure,
            secured: server.judges_credentials(),
            issuer: config_issuer(server),
            name: &quoted(&server.name),
            listen: &server.listen,
            admin: &server.admin,
        };
        files.push(user_file(&format!("config/{}.toml", server.file), &config)?);
    }
    files.extend(handlers::files(service)?);
    files.push(user_file(
        "tests/servers.rs",
        &ServerTests::new(service, &krate),
    )?);
    match &project.build_script {
        // The examples' tests come with the generated code, or not at all.
        Some(_) => files.push(user_file("build.rs", &BuildScript::new(project, options))?),
        None => files.extend(
            crate::generate_tests(service, &krate, &project.document)
                .map_err(|error| askama::Error::Custom(error.into()))?,
        ),
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
#[template(path = "wsgen.toml.askama")]
struct Settings {
    document: String,
    client: bool,
    channels: Option<&'static str>,
    servers: String,
    build_script: bool,
}

#[derive(Template)]
#[template(path = "README.md.askama")]
struct Readme<'a> {
    title: String,
    document: &'a str,
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
            file: format!("{file:?}"),
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
        calls.extend(servers.map(|server| format!(".server({server:?})")));
        calls.push(format!(".generate({:?})", project.document));
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

struct ServerTest {
    test: String,
    name: String,
}

impl<'a> ServerTests<'a> {
    fn new(service: &Service, krate: &'a str) -> Self {
        let functions = service.servers.iter().map(|server| ServerTest {
            test: format!("{}_starts", server.function.trim_end_matches('_')),
            name: raw_identifier(&server.function),
        });
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

/// What the messages of a document ask of the runtime beyond its default.
fn features(service: &Service) -> Vec<&'static str> {
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
    [(Content::Cbor, "cbor"), (Content::MessagePack, "msgpack")]
        .into_iter()
        .filter(|(content, _)| contents.contains(content))
        .map(|(_, feature)| feature)
        .collect()
}

fn settings(project: &Project, options: &Options) -> Settings {
    Settings {
        document: toml_string(&project.document),
        client: options.perspective == Perspective::Client,
        channels: match options.channels {
            ChannelLayout::Auto => None,
            ChannelLayout::Paths => Some("paths"),
            ChannelLayout::Multiplex => Some("multiplex"),
        },
        servers: options
            .servers
            .iter()
            .map(|server| toml_string(server))
            .collect::<Vec<_>>()
            .join(", "),
        build_script: project.build_script.is_some(),
    }
}

fn readme<'a>(service: &'a Service, project: &'a Project) -> Readme<'a> {
    Readme {
        title: line(&service.title),
        document: &project.document,
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
        .map(|route| quoted(&route.path))
        .collect();
    ReadmeServer {
        name: line(&server.name),
        url: line(&server.url),
        file: &server.file,
        listen: &server.listen,
        admin: &server.admin,
        paths: paths.join(", "),
    }
}

fn user_file(path: &str, template: &impl Template) -> Result<OutputFile, askama::Error> {
    let mut contents = template.render()?;
    if !contents.ends_with('\n') {
        contents.push('\n');
    }
    Ok(OutputFile {
        path: path.to_owned(),
        contents: contents.into_bytes(),
        ownership: Ownership::User,
    })
}

/// Text of a document on one line of a comment or of Markdown: nothing in it ends the line or hides what follows.
fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words
        .join(" ")
        .chars()
        .filter(|c| !crate::naming::is_invisible(*c))
        .map(|c| if c == '|' { '/' } else { c })
        .collect()
}

/// The same as code.
fn quoted(text: &str) -> String {
    format!("`{}`", line(text).replace('`', "'"))
}

/// A basic string of TOML.
fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
