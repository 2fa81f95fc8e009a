//! Rust from the model: one file for all payloads, one for each route, one for the servers.

mod checks;
mod client;
mod dispatch;
mod docs;
mod enumerations;
mod examples;
mod names;
mod payloads;
mod pieces;
mod route;
mod servers;
mod unit;

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::words;
use crate::model::{RouteId, Service};

pub(crate) use pieces::{Piece, Row};

use docs::module_docs;
use names::ident;

/// A generated file: its path below the project's folder and its code.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file, such as `src/generated/chat.rs`.
    pub(crate) file: String,
    /// The code, not formatted yet; small pieces take little memory while they are formatted.
    pub(crate) code: Vec<Piece>,
}

/// Lints that generated code does not keep, by tool and name: descriptions are the document's and need not be well-formed
/// Markdown, and how large messages are is the document's matter as well.
pub(crate) const ALLOWED: [(&str, &str); 4] = [
    ("rustdoc", "all"),
    ("clippy", "doc_lazy_continuation"),
    ("clippy", "doc_overindented_list_items"),
    ("clippy", "large_enum_variant"),
];

/// What becomes a module of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// `mod.rs`
    Root,
    /// The payloads.
    Messages,
    /// A route.
    Route(RouteId),
    /// The servers.
    Servers,
    /// What joins the clients.
    Clients,
    /// Where clients connect.
    Targets,
    /// The client of a route.
    Client(RouteId),
}

/// The modules that a run rewrites.
#[must_use]
pub(crate) fn parts(service: &Service) -> Vec<Part> {
    let mut parts = vec![Part::Root, Part::Servers];
    parts.extend((!service.types.is_empty()).then_some(Part::Messages));
    parts.extend(service.routes.ids().map(Part::Route));
    if service.client {
        parts.extend([Part::Clients, Part::Targets]);
        parts.extend(service.routes.ids().map(Part::Client));
    }
    parts
}

/// Renders one module.
#[must_use]
pub(crate) fn render(service: &Service, part: Part) -> Module {
    let name = |name: &str| name.to_owned();
    let whole = |code: TokenStream| vec![Piece::Items(code)];
    let (name, code) = match part {
        Part::Root => (name("mod"), whole(root(service))),
        Part::Messages => (name("messages"), payloads::render(&service.types)),
        Part::Servers => (name("servers"), whole(servers::render(service))),
        Part::Route(id) => {
            let route = &service.routes[id];
            (route.module.clone(), route::render(service, route))
        }
        Part::Clients => (name("client/mod"), whole(client::root(service))),
        Part::Targets => (name("client/targets"), whole(client::targets(service))),
        Part::Client(id) => {
            let route = &service.routes[id];
            (
                format!("client/{}", route.module),
                client::render(service, route),
            )
        }
    };
    Module {
        file: format!("src/generated/{name}.rs"),
        code,
    }
}

/// Renders the tests of the document's examples, if it has any; `krate` is the name of the project's library.
#[must_use]
pub(crate) fn render_tests(service: &Service, krate: &str) -> Option<Module> {
    let code = examples::render(service, krate)?;
    Some(Module {
        file: "tests/generated.rs".to_owned(),
        code: vec![Piece::Items(code)],
    })
}

fn root(service: &Service) -> TokenStream {
    let mut title = service.title.clone();
    if let Some(version) = &service.version {
        title = format!("{title} {version}");
    }
    let docs =
        module_docs(std::iter::once(words(&title).as_str()).chain(service.description.as_deref()));
    let mut modules: Vec<&str> = service
        .routes
        .iter()
        .map(|route| route.module.as_str())
        .collect();
    modules.extend((!service.types.is_empty()).then_some("messages"));
    modules.push("servers");
    modules.extend(service.client.then_some("client"));
    modules.sort_unstable();
    let modules = modules.into_iter().map(ident);
    let (tools, lints): (Vec<_>, Vec<_>) = ALLOWED
        .into_iter()
        .map(|(tool, lint)| (ident(tool), ident(lint)))
        .unzip();
    quote! {
        #docs
        #![allow(#(#tools::#lints),*)]
        #(pub mod #modules;)*
    }
}
