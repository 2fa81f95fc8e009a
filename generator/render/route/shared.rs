//! What the parts of a route's module have in common.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{MultiplexedChannel, Route, Traffic};

use super::super::names::ident;

/// What the handlers of a route implement; `module` is the way to its module, which ends with `::`, or nothing.
pub(in crate::render) fn bounds(route: &Route, module: &TokenStream) -> Vec<TokenStream> {
    let own = route.has_trait().then_some(&route.trait_name).into_iter();
    let shared = channels_with_traits(route).map(|shared| &shared.trait_name);
    let names = own.chain(shared).map(|name| ident(name));
    let bounds: Vec<TokenStream> = names.map(|name| quote!(#module #name)).collect();
    match bounds.is_empty() {
        // Its channels only send.
        true => vec![quote!(wsgen_runtime::Handler<#module Route>)],
        false => bounds,
    }
}

/// The channels that share the route and have a trait: those with methods.
pub(super) fn channels_with_traits(route: &Route) -> impl Iterator<Item = &MultiplexedChannel> {
    let channels = route.multiplexed().iter();
    channels.filter(|shared| !shared.channel.methods.is_empty())
}

/// What may be sent on a route, as a type.
pub(super) fn outbound(route: &Route) -> TokenStream {
    match route.traffic {
        Traffic::Raw => quote!(Message),
        Traffic::Typed(_) => quote!(Outbound),
    }
}
