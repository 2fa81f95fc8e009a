//! The servers of the document: one function for each.

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::{quoted, words};
use crate::model::{Scheme, SchemeKind, Server, Service};

use super::docs::{docs, module_docs};
use super::names::ident;
use super::route::bounds;

/// Renders the module `servers`.
pub(super) fn render(service: &Service) -> TokenStream {
    let header = module_docs(["The servers of the document, each with its routes."]);
    let modules = service.routes.iter().map(|route| ident(&route.module));
    let functions = service
        .servers
        .iter()
        .map(|server| function(service, server));
    let schemes = || {
        let servers = service.servers.iter();
        servers.flat_map(|server| {
            server
                .security
                .iter()
                .flatten()
                .chain(&server.operation_schemes)
        })
    };
    let judges = service.servers.iter().any(Server::judges_credentials);
    let authenticate = judges.then(|| quote!(Authenticate,));
    let codegen = match (schemes().next(), schemes().any(has_location)) {
        (_, true) => Some(quote!(
            use wsgen_runtime::codegen::{Location, Scheme};
        )),
        (Some(_), false) => Some(quote!(
            use wsgen_runtime::codegen::Scheme;
        )),
        (None, false) => None,
    };
    quote! {
        #header
        use std::sync::Arc;
        #codegen
        use wsgen_runtime::{#authenticate Server};
        use super::{#(#modules),*};
        #(#functions)*
    }
}

fn function(service: &Service, server: &Server) -> TokenStream {
    let headline = format!("{}: {}", quoted(&server.name), words(&server.url));
    let docs = docs(std::iter::once(headline.as_str()).chain(server.description.as_deref()));
    let name = ident(&server.function);
    let label = &server.name;
    let served = server.routes.iter().map(|served| {
        let route = &service.routes[served.route];
        (served, route, ident(&route.module))
    });
    let mut traits: Vec<TokenStream> = served
        .clone()
        .flat_map(|(_, route, module)| bounds(route, &quote!(#module::)))
        .collect();
    if server.judges_credentials() {
        traits.push(quote!(Authenticate));
    }
    let authenticate = authenticate(server);
    let secure = server.secure.then(|| quote!(.secure()));
    let hosts = &server.hosts;
    let hosts = (!hosts.is_empty()).then(|| quote!(.hosts(&[#(#hosts),*])));
    let routes = served.map(|(served, _, module)| {
        let path = &served.path;
        quote!(.channel(#path, #module::Route, &handlers))
    });
    let routes: Vec<TokenStream> = routes.collect();
    let (first, rest) = routes.split_at(routes.len().min(CHAIN));
    let mut built = quote!(Server::new(#label) #secure #hosts #authenticate #(#first)*);
    let mut statements = quote!(let handlers = Arc::new(handlers););
    for chain in rest.chunks(CHAIN) {
        statements.extend(quote!(let server = #built;));
        built = quote!(server #(#chain)*);
    }
    quote! {
        #docs
        pub fn #name<H: #(#traits)+*>(handlers: H) -> Server {
            #statements
            #built
        }
    }
}

/// Calls in one expression: whoever reads Rust nests them as deep as there are calls, and a document decides how many
/// routes there are.
const CHAIN: usize = 64;

/// Who judges the credentials that clients show, to connect and for single operations.
fn authenticate(server: &Server) -> TokenStream {
    if !server.judges_credentials() {
        return TokenStream::new();
    }
    let alternatives = server.security.iter().map(|schemes| {
        let schemes = schemes.iter().map(scheme);
        quote!(&[#(#schemes),*])
    });
    // Where only operations ask for something, the empty alternative lets everybody connect.
    let anybody = server.security.is_empty().then(|| quote!(&[]));
    let operations = server.operation_schemes.iter().map(scheme);
    let operations = (!server.operation_schemes.is_empty())
        .then(|| quote!(.operation_schemes(&[#(#operations),*])));
    quote!(.authenticate(Arc::clone(&handlers), &[#anybody #(#alternatives),*]) #operations)
}

fn has_location(scheme: &Scheme) -> bool {
    matches!(
        scheme.kind,
        SchemeKind::QueryKey(_) | SchemeKind::HeaderKey(_) | SchemeKind::CookieKey(_)
    )
}

fn scheme(scheme: &Scheme) -> TokenStream {
    let name = &scheme.name;
    let key = |location: TokenStream| quote!(Scheme::ApiKey { name: #name, location: Location::#location });
    match &scheme.kind {
        SchemeKind::Bearer => quote!(Scheme::Bearer { name: #name }),
        SchemeKind::Basic => quote!(Scheme::Basic { name: #name }),
        SchemeKind::QueryKey(parameter) => key(quote!(Query(#parameter))),
        SchemeKind::HeaderKey(parameter) => key(quote!(Header(#parameter))),
        SchemeKind::CookieKey(parameter) => key(quote!(Cookie(#parameter))),
        SchemeKind::MutualTls => quote!(Scheme::MutualTls { name: #name }),
    }
}
