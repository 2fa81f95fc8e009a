//! Rust from the model: one file for all payloads, one for each route, one for the servers.

mod checks;
mod dispatch;
mod docs;
mod examples;
mod mentions;
mod names;
mod payloads;
mod route;
mod servers;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Service;

pub(crate) use names::type_text;

use docs::module_docs;
use names::ident;

/// A generated file: its path below the project's folder and its code.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file, such as `src/generated/chat.rs`.
    pub(crate) file: String,
    /// The code, not formatted yet.
    pub(crate) code: TokenStream,
}

/// Renders the code that a run rewrites.
#[must_use]
pub(crate) fn render(service: &Service) -> Vec<Module> {
    let module = |name: &str, code| Module {
        file: format!("src/generated/{name}.rs"),
        code,
    };
    let mut modules = vec![
        module("mod", root(service)),
        module("servers", servers::render(service)),
    ];
    if !service.types.is_empty() {
        modules.push(module("messages", payloads::render(&service.types)));
    }
    let routes = service.routes.iter();
    modules.extend(routes.map(|route| module(&route.module, route::render(service, route))));
    modules
}

/// Renders the tests of the document's examples, if it has any; `krate` is the name of the project's library.
#[must_use]
pub(crate) fn render_tests(service: &Service, krate: &str) -> Option<Module> {
    let code = examples::render(service, krate)?;
    Some(Module {
        file: "tests/generated.rs".to_owned(),
        code,
    })
}

fn root(service: &Service) -> TokenStream {
    let mut title = service.title.clone();
    if let Some(version) = &service.version {
        title = format!("{title} {version}");
    }
    let docs = module_docs(std::iter::once(title.as_str()).chain(service.description.as_deref()));
    let mut modules: Vec<&str> = service
        .routes
        .iter()
        .map(|route| route.module.as_str())
        .collect();
    modules.extend((!service.types.is_empty()).then_some("messages"));
    modules.push("servers");
    modules.sort_unstable();
    let modules = modules.into_iter().map(ident);
    quote! {
        #docs
        // Descriptions are the document's: they need not be well-formed Markdown.
        #![allow(rustdoc::all, clippy::doc_lazy_continuation, clippy::doc_overindented_list_items, clippy::large_enum_variant)]
        #(pub mod #modules;)*
    }
}
