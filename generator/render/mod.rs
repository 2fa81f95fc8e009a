//! Rust from the model: one file for all payloads, one for each route, one for the servers.

mod dispatch;
mod docs;
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

/// A generated module: its path below `src/generated/` and its code.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file, such as `chat.rs`.
    pub(crate) file: String,
    /// The code, not formatted yet.
    pub(crate) code: TokenStream,
}

/// Renders everything that a run rewrites.
#[must_use]
pub(crate) fn render(service: &Service) -> Vec<Module> {
    let mut modules = vec![
        Module {
            file: "mod.rs".to_owned(),
            code: root(service),
        },
        Module {
            file: "servers.rs".to_owned(),
            code: servers::render(service),
        },
    ];
    if service.types.iter().next().is_some() {
        modules.push(Module {
            file: "messages.rs".to_owned(),
            code: payloads::render(&service.types),
        });
    }
    modules.extend(service.routes.iter().map(|route| Module {
        file: format!("{}.rs", route.module),
        code: route::render(service, route),
    }));
    modules
}

fn root(service: &Service) -> TokenStream {
    let mut title = service.title.clone();
    if let Some(version) = &service.version {
        title = format!("{title} {version}");
    }
    let docs = module_docs(std::iter::once(title.as_str()).chain(service.description.as_deref()));
    let messages = service.types.iter().next().map(|_| {
        quote!(
            pub mod messages;
        )
    });
    let routes = service.routes.iter().map(|route| ident(&route.module));
    quote! {
        #docs
        // Descriptions are the document's: they need not be well-formed Markdown.
        #![allow(rustdoc::all, clippy::doc_lazy_continuation, clippy::doc_overindented_list_items, clippy::large_enum_variant)]
        #messages
        #(pub mod #routes;)*
        pub mod servers;
    }
}
