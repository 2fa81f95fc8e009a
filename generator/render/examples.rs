//! A test for every message that has an example.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use crate::model::{
    Content, ExampleRequest, Exchange, Route, Service, Traffic, Type, Types, Variant,
};
use crate::naming::{Scope, string_literal, value_name};

use super::docs::module_docs;
use super::mentions::Mentions;
use super::names::{ident, qualified};
use super::route::is_checked;

/// Renders `tests/generated.rs`; `None` where the document has no example.
pub(super) fn render(service: &Service, krate: &str) -> Option<TokenStream> {
    let mut names = Scope::default();
    let mut modules: Vec<&str> = Vec::new();
    let mut tests = Vec::new();
    for route in &service.routes {
        if let Traffic::Typed(exchange) = &route.traffic {
            let before = tests.len();
            tests.extend(of_route(route, exchange, &service.types, &mut names));
            if tests.len() > before {
                modules.push(&route.module);
            }
        }
    }
    if tests.is_empty() {
        return None;
    }
    let header = module_docs([
        "The examples of the document: each is understood, and taken by a server on its route.",
    ]);
    let code = quote!(#(#tests)*);
    let mentions = Mentions::of([&code]);
    let krate = ident(krate);
    modules.retain(|module| mentions.starts_path(&ident(module).to_string()));
    modules.extend(mentions.starts_path("messages").then_some("messages"));
    modules.sort_unstable();
    let modules = modules.into_iter().map(ident);
    Some(quote! {
        #header
        #(use #krate::generated::#modules;)*
        use wsgen_runtime::testing;
        #code
    })
}

fn of_route(
    route: &Route,
    exchange: &Exchange,
    types: &Types,
    names: &mut Scope,
) -> Vec<TokenStream> {
    let module = ident(&route.module);
    let function = ident(&names.claim(&[&route.module]));
    let arrival = match route.example {
        Some(_) => Arrival::Served(&function),
        None => Arrival::Decoded(&module),
    };
    let inbound = &exchange.inbound;
    let is_told = |index: &usize| !inbound.dispatch.ambiguous.contains(index);
    let is_sent = |index: usize| payloads(&inbound.variants[index]).next().is_some();
    let request = route.example.as_ref();
    let request = request.filter(|_| (0..inbound.variants.len()).filter(is_told).any(is_sent));
    let mut tests: Vec<TokenStream> = request
        .map(|request| served(route, &function, request))
        .into_iter()
        .collect();
    for (index, variant) in inbound.variants.iter().enumerate() {
        let arrival = is_told(&index).then_some(arrival);
        let title = format!("{} receives {}", route.module, variant.name);
        tests.extend(test(&title, variant, types, names, arrival));
    }
    for variant in &exchange.outbound.variants {
        let title = format!("{} sends {}", route.module, variant.name);
        tests.extend(test(&title, variant, types, names, None));
    }
    tests
}

/// How an example of an inbound message is shown to be one.
#[derive(Clone, Copy)]
enum Arrival<'a> {
    /// By a server with the route that this function describes.
    Served(&'a Ident),
    /// By the decode of this module: no request is at hand that opens a connection.
    Decoded(&'a Ident),
}

impl Arrival<'_> {
    fn check(self, variant: &Variant) -> TokenStream {
        let name = &variant.name;
        let example = match variant.content {
            Content::Json | Content::Text => quote!(example),
            Content::MessagePack => quote!(testing::message_pack(example)),
            Content::Cbor => quote!(testing::cbor(example)),
            Content::Binary => quote!(example.as_bytes().to_vec()),
        };
        match self {
            Self::Served(function) => quote!(#function().receives(#name, #example).await;),
            Self::Decoded(module) => {
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

fn test(
    title: &str,
    variant: &Variant,
    types: &Types,
    names: &mut Scope,
    arrival: Option<Arrival<'_>>,
) -> Option<TokenStream> {
    let payloads: Vec<_> = payloads(variant).collect();
    let arrives = arrival.map(|arrival| arrival.check(variant));
    let ty = qualified(&variant.ty, types);
    let round_trips = variant.content.is_typed() && variant.ty != Type::Value;
    let round_trip = round_trips.then(|| quote!(testing::round_trip::<#ty>(example);));
    if payloads.is_empty() || (arrives.is_none() && round_trip.is_none()) {
        return None;
    }
    let name = format_ident!("{}", names.claim(&[&value_name(title)]));
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
