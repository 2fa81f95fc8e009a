//! What the parts of a route's module have in common.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{MultiplexedChannel, Route, Traffic};

/// The channels of a route that have a handler trait of their own beside the one of the connection: those with methods.
pub(in crate::render) fn channels_with_traits(
    route: &Route,
) -> impl Iterator<Item = &MultiplexedChannel> {
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
