//! `Cargo.toml`, and what it asks of the runtime.

use askama::Template;

use crate::model::{Content, Service};
use crate::naming::toml_string;
use crate::output::OutputFile;

use super::file::user_file;
use super::project::{Project, Runtime};

/// Renders `Cargo.toml`.
pub(super) fn file(service: &Service, project: &Project) -> Result<OutputFile, askama::Error> {
    user_file("Cargo.toml", &manifest(service, project))
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
        .filter_map(|route| route.traffic.exchange());
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
