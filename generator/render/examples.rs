//! A test for every message that has an example.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::LitStr;

use crate::model::{Content, Exchange, Route, Service, Traffic, Type, Types, Variant};
use crate::naming::{Scope, raw_string, value_name};

use super::docs::module_docs;
use super::mentions::Mentions;
use super::names::{ident, qualified};

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
    let header = module_docs(["The examples of the document are understood."]);
    let code = quote!(#(#tests)*);
    let mentions = Mentions::of(&code);
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
    let mut tests = Vec::new();
    for (index, variant) in exchange.inbound.variants.iter().enumerate() {
        let told = !exchange.inbound.dispatch.ambiguous.contains(&index);
        let name = &variant.name;
        let receives = |example: &TokenStream| {
            told.then(|| quote!(testing::receives::<#module::Inbound>(#name, #example);))
        };
        let title = format!("{} receives {}", route.module, variant.name);
        tests.extend(test(&title, variant, types, names, receives));
    }
    for variant in &exchange.outbound.variants {
        let title = format!("{} sends {}", route.module, variant.name);
        tests.extend(test(&title, variant, types, names, |_| None));
    }
    tests
}

fn test(
    title: &str,
    variant: &Variant,
    types: &Types,
    names: &mut Scope,
    receives: impl Fn(&TokenStream) -> Option<TokenStream>,
) -> Option<TokenStream> {
    let payloads: Vec<_> = variant
        .examples
        .iter()
        .filter_map(|example| payload(variant.content, example))
        .collect();
    let example = quote!(example);
    let receives = receives(&example);
    let ty = qualified(&variant.ty, types);
    let round_trips = variant.content.is_typed() && variant.ty != Type::Value;
    let round_trip = round_trips.then(|| quote!(testing::round_trip::<#ty>(example);));
    if payloads.is_empty() || (receives.is_none() && round_trip.is_none()) {
        return None;
    }
    let name = format_ident!("{}", names.claim(&[&value_name(title)]));
    let checks = quote!(#receives #round_trip);
    let body = match payloads.as_slice() {
        [only] => quote!(let example = #only; #checks),
        several => quote!(for example in [#(#several),*] { #checks }),
    };
    Some(quote! {
        #[test]
        fn #name() {
            #body
        }
    })
}

/// What goes into the frame: JSON as it is written, a text without its quotes.
fn payload(content: Content, example: &str) -> Option<LitStr> {
    match content {
        content if content.is_typed() => Some(raw_literal(example)),
        Content::Text => serde_json::from_str(example)
            .ok()
            .map(|text: String| raw_literal(&text)),
        _ => None,
    }
}

/// A raw string where that is more readable, and possible: it cannot hold a carriage return.
fn raw_literal(text: &str) -> LitStr {
    let escaped = LitStr::new(text, Span::call_site());
    if !text.contains(['"', '\\']) || text.contains(char::is_control) {
        return escaped;
    }
    syn::parse_str(&raw_string(text)).unwrap_or(escaped)
}
