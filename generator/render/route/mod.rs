//! A route: its handler traits, its messages, and the endpoint that joins them.

mod endpoint;
mod exchange;
mod request;
mod shared;
mod traits;

pub(super) use exchange::{decode_outbound, encode_inbound};
pub(super) use request::is_checked;
pub(super) use shared::channels_with_traits;

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Route, Service, Traffic};

use super::docs::module_docs;
use super::pieces::Piece;
use super::unit::{Import, Unit};

/// Renders the module of a route.
pub(super) fn render(service: &Service, route: &Route) -> Vec<Piece> {
    let unit = Unit::new(&service.types);
    let title = quoted(&route.path);
    let header =
        module_docs(std::iter::once(title.as_str()).chain(route.docs.iter().map(String::as_str)));
    let mut code = traits::render(route, &unit);
    code.push(Piece::Items(request::render(route, &unit)));
    code.push(Piece::Items(exchange::render(route, &unit)));
    code.extend(endpoint::render(route));
    let imports = imports(route, &unit);
    code.insert(0, Piece::Items(quote!(#header #imports)));
    code
}

/// What the module needs, once the rest of it is written.
fn imports(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let check = unit.imports(Import::Check).then(|| quote!(check,));
    let messages = unit.imports(Import::Messages).then(|| {
        quote!(
            use super::messages;
        )
    });
    let validate = unit.imports(Import::Validate).then(|| quote!(Validate,));
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
