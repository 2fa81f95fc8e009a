//! A route: its handler traits, its messages, and how they are joined.

mod channel;
mod exchange;
mod request;
mod shared;
mod traits;

pub(super) use exchange::{decode_outbound, encode_inbound};
pub(super) use request::is_checked;
pub(super) use shared::bounds;

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Route, Service};

use super::docs::module_docs;
use super::pieces::Piece;
use super::unit::{Import, Unit};

/// Renders the module of a route.
pub(super) fn render(service: &Service, route: &Route) -> Vec<Piece> {
    let unit = Unit::new(&service.types);
    let title = quoted(&route.path);
    let header =
        module_docs(std::iter::once(title.as_str()).chain(route.docs.iter().map(String::as_str)));
    let declared = traits::render(route, &unit);
    let request = request::render(route, &unit);
    let messages = exchange::render(route, &unit);
    let channel = channel::render(route);
    let imports = imports(route, &unit);
    let mut code = vec![Piece::Items(quote!(#header #imports #declared #request))];
    code.extend(messages);
    code.push(Piece::Items(channel));
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
    let decode = route.traffic.exchange().map(|_| quote!(Decode, Frame,));
    let error = decode.as_ref().map(|_| quote!(DecodeError,));
    let message = route.traffic.undecoded().map(|_| quote!(Message,));
    let reject = request::is_checked(route).then(|| quote!(Reject,));
    let codegen = match (&check, &decode) {
        (None, None) => quote!(codegen),
        _ => quote!(codegen::{self, #check #decode #validate}),
    };
    quote! {
        use wsgen_runtime::#codegen;
        use wsgen_runtime::{#error Error, Handler, Handshake, #message #reject};
        #messages
    }
}
