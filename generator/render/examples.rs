//! A test for every message that has an example.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::model::{Content, ExampleRequest, Exchange, Route, RouteId, Service, Type, Variant};
use crate::naming::{Scope, string_literal, value_name};

use super::docs::module_docs;
use super::names::{ident, qualified};
use super::route::is_checked;
use super::unit::{Import, Unit};

/// Renders `tests/generated.rs`; `None` where the document has no example.
pub(super) fn render(service: &Service, krate: &str) -> Option<TokenStream> {
    let mut writing = Writing {
        unit: Unit::new(&service.types),
        names: Scope::default(),
    };
    let routes = service.routes.entries();
    let tests = routes.filter_map(|(id, route)| {
        let exchange = route.traffic.exchange()?;
        Some(writing.of_route(id, route, exchange))
    });
    let tests: Vec<TokenStream> = tests.flatten().collect();
    if tests.is_empty() {
        return None;
    }
    let header = module_docs([
        "The examples of the document: each is understood, and taken by a server on its route.",
    ]);
    let unit = &writing.unit;
    let mut modules: Vec<&str> = Vec::new();
    for (id, route) in service.routes.entries() {
        modules.extend(unit.imports(Import::Route(id)).then_some(&*route.module));
    }
    modules.extend(unit.imports(Import::Messages).then_some("messages"));
    modules.sort_unstable();
    // A module of the same name would hide the project's library.
    let root = modules.contains(&krate).then(|| quote!(::));
    let modules = modules.into_iter().map(ident);
    let krate = ident(krate);
    Some(quote! {
        #header
        #(use #root #krate::generated::#modules;)*
        use wsgen_runtime::testing;
        #(#tests)*
    })
}

/// The tests of a document while they are written.
struct Writing<'s> {
    unit: Unit<'s>,
    names: Scope,
}

impl Writing<'_> {
    fn of_route(&mut self, id: RouteId, route: &Route, exchange: &Exchange) -> Vec<TokenStream> {
        let module = ident(&route.module);
        let function = ident(&self.names.claim(&[&route.module]));
        let arrival = match route.example {
            Some(_) => Arrival::Served(&function),
            None => Arrival::Decoded(&module, id),
        };
        let inbound = &exchange.inbound;
        let is_sent = inbound
            .told()
            .any(|(_, variant)| payloads(variant).next().is_some());
        let request = route.example.as_ref().filter(|_| is_sent);
        let mut tests: Vec<TokenStream> = request
            .map(|request| {
                self.unit.import(Import::Route(id));
                served(route, &function, request)
            })
            .into_iter()
            .collect();
        for (id, variant) in inbound.variants.entries() {
            let is_told = !inbound.dispatch.ambiguous.contains(&id);
            let title = format!("{} receives {}", route.module, variant.name);
            tests.extend(self.test(&title, variant, is_told.then_some(arrival)));
        }
        for variant in &exchange.outbound.variants {
            let title = format!("{} sends {}", route.module, variant.name);
            tests.extend(self.test(&title, variant, None));
        }
        tests
    }

    fn test(
        &mut self,
        title: &str,
        variant: &Variant,
        arrival: Option<Arrival<'_>>,
    ) -> Option<TokenStream> {
        let payloads: Vec<_> = payloads(variant).collect();
        let round_trips = variant.content.is_typed() && variant.ty != Type::Value;
        if payloads.is_empty() || (arrival.is_none() && !round_trips) {
            return None;
        }
        let arrives = arrival.map(|arrival| arrival.check(variant, &self.unit));
        let round_trip = round_trips.then(|| {
            let ty = qualified(&variant.ty, &self.unit);
            quote!(testing::round_trip::<#ty>(example);)
        });
        let name = format_ident!("{}", self.names.claim(&[&value_name(title)]));
        let checks = quote!(#arrives #round_trip);
        let body = match payloads.as_slice() {
            [only] => quote!(let example = #only; #checks),
            several => quote!(for example in [#(#several),*] { #checks }),
        };
        Some(match arrival {
            Some(Arrival::Served(_)) => quote!(#[tokio::test] async fn #name() { #body }),
            _ => quote!(#[test] fn #name() { #body }),
        })
    }
}

/// How an example of an inbound message is shown to be one.
#[derive(Clone, Copy)]
enum Arrival<'a> {
    /// By a server with the route that this function describes.
    Served(&'a Ident),
    /// By the decode of this module: no request is at hand that opens a connection.
    Decoded(&'a Ident, RouteId),
}

impl Arrival<'_> {
    fn check(self, variant: &Variant, unit: &Unit<'_>) -> TokenStream {
        let name = &variant.name;
        let example = match variant.content {
            Content::Json | Content::Text => quote!(example),
            Content::MessagePack => quote!(testing::message_pack(example)),
            Content::Cbor => quote!(testing::cbor(example)),
            Content::Binary => quote!(example.as_bytes().to_vec()),
        };
        match self {
            Self::Served(function) => quote!(#function().receives(#name, #example).await;),
            Self::Decoded(module, route) => {
                unit.import(Import::Route(route));
                quote!(testing::receives::<#module::Inbound>(#name, #example);)
            }
        }
    }
}

/// The function that describes the route to serve, and a request that opens a connection there. Statement by statement:
/// rustfmt, which users run over tests, leaves these alone however long their texts are.
fn served(route: &Route, function: &Ident, request: &ExampleRequest) -> TokenStream {
    let module = ident(&route.module);
    let typed = is_checked(route).then(|| quote!(, #module::Request));
    let (path, target) = (&route.path, &request.target);
    let headers = request
        .headers
        .iter()
        .map(|(name, value)| quote!(route.add_header(#name, #value);));
    let new = quote!(testing::Route::new(path, request));
    let body = match request.headers.as_slice() {
        [] => new,
        _ => quote!(let mut route = #new; #(#headers)* route),
    };
    quote! {
        fn #function() -> testing::Route<#module::Inbound #typed> {
            let path = #path;
            let request = #target;
            #body
        }
    }
}

/// The examples of a message as what goes into the frame: JSON as it is written, a text without its quotes.
fn payloads(variant: &Variant) -> impl Iterator<Item = Literal> {
    let is_typed = variant.content.is_typed();
    variant.examples.iter().filter_map(move |example| {
        if is_typed {
            return Some(string_literal(example));
        }
        let text: String = serde_json::from_str(example).ok()?;
        Some(string_literal(&text))
    })
}
