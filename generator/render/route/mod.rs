//! A route: its handler traits, its messages, and the endpoint that joins them.

mod endpoint;
mod exchange;
mod request;
mod traits;

pub(super) use exchange::{decode_outbound, encode_inbound};
pub(super) use request::is_checked;

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Channel, Route, Service, Traffic};

use super::docs::module_docs;
use super::mentions::Mentions;
use super::pieces::Piece;

/// Renders the module of a route.
pub(super) fn render(service: &Service, route: &Route) -> Vec<Piece> {
    let types = &service.types;
    let title = quoted(&route.path);
    let header =
        module_docs(std::iter::once(title.as_str()).chain(route.docs.iter().map(String::as_str)));
    let mut code = traits::render(route, types);
    code.push(Piece::Items(request::render(route, types)));
    code.push(Piece::Items(exchange::render(route, types)));
    code.extend(endpoint::render(route));
    let imports = imports(route, &Mentions::of(code.iter().flat_map(Piece::code)));
    code.insert(0, Piece::Items(quote!(#header #imports)));
    code
}

/// The channels of a route that have a handler trait of their own beside the one of the connection.
pub(super) fn channels_with_traits(route: &Route) -> impl Iterator<Item = &Channel> {
    route
        .channels
        .iter()
        .filter(|channel| channel.trait_name != route.trait_name && !channel.methods.is_empty())
}

/// What may be sent on a route, as a type.
fn outbound(route: &Route) -> TokenStream {
    match route.traffic {
        Traffic::Raw => quote!(Message),
        Traffic::Typed(_) => quote!(Outbound),
    }
}

/// What the module needs; `code` is what stands in it.
fn imports(route: &Route, code: &Mentions) -> TokenStream {
    let check = code.starts_path("check").then(|| quote!(check,));
    let messages = code.starts_path("messages").then(|| {
        quote!(
            use super::messages;
        )
    });
    let validate = code.calls("validate").then(|| quote!(Validate,));
    let codegen = match check {
        Some(_) => quote!(
            use wsgen_runtime::codegen::{self, check};
        ),
        None => quote!(
            use wsgen_runtime::codegen;
        ),
    };
    let runtime = match route.traffic {
        Traffic::Raw => quote! {
            #codegen
            use wsgen_runtime::{CloseReason, Error, Handshake, Message, Reject, TopicEvent, Topics};
        },
        Traffic::Typed(_) => quote! {
            use wsgen_runtime::codegen::{self, #check Decode, Encode, Frame, #validate};
            use wsgen_runtime::{CloseReason, DecodeError, EncodeError, Error, Handshake, Message, Reject, TopicEvent, Topics};
        },
    };
    quote! {
        use std::sync::Arc;
        #runtime
        #messages
    }
}
