//! The traits that the user implements.

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Channel, Exchange, MultiplexedChannel, Reply, Route, Traffic};

use super::super::docs::docs;
use super::super::names::{ident, qualified};
use super::super::unit::Unit;
use super::shared::{channels_with_traits, outbound};

/// Renders the route as a type, a trait for the messages of each of its channels, and the context of their methods.
pub(super) fn render(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let own = route.has_trait().then(|| of_route(route, unit));
    let channels = channels_with_traits(route).map(|channel| of_channel(route, channel, unit));
    let outbound = outbound(route);
    let headline = format!(
        "The route {}: an `impl` of [`Handler<Route>`](Handler) handles its connections.",
        quoted(&route.path)
    );
    let docs = docs([headline.as_str()]);
    quote! {
        #docs
        #[derive(Debug)]
        pub struct Route;

        #own
        #(#channels)*

        /// The connection that a handler works on: sends, joins topics, publishes, closes.
        pub type Context<'a, H> = ::wsgen_runtime::Context<'a, <H as Handler<Route>>::Session, #outbound>;
    }
}

/// The trait of the route: the methods of its one channel, and the one for frames that are not decoded.
fn of_route(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let name = ident(&route.trait_name);
    let headline = format!("Handles the messages of {}.", quoted(&route.path));
    let docs =
        docs(std::iter::once(headline.as_str()).chain(route.docs.iter().map(String::as_str)));
    let own = route.own_channel();
    let own = own.map(|channel| methods(route, channel, unit));
    let undecoded = undecoded(route);
    quote! {
        #docs
        pub trait #name: Handler<Route> {
            #own
            #undecoded
        }
    }
}

fn of_channel(route: &Route, shared: &MultiplexedChannel, unit: &Unit<'_>) -> TokenStream {
    let channel = &shared.channel;
    let name = ident(&shared.trait_name);
    let headline = format!(
        "Handles the messages of the channel {}.",
        quoted(&channel.name)
    );
    let docs =
        docs(std::iter::once(headline.as_str()).chain(channel.docs.iter().map(String::as_str)));
    let methods = methods(route, channel, unit);
    quote! {
        #docs
        pub trait #name: Handler<Route> {
            #methods
        }
    }
}

fn methods(route: &Route, channel: &Channel, unit: &Unit<'_>) -> TokenStream {
    let Traffic::Typed(exchange) = &route.traffic else {
        return TokenStream::new();
    };
    let methods = channel.methods.iter().map(|method| {
        let name = ident(&method.name);
        let docs = docs(method.docs.iter().map(String::as_str));
        let message = qualified(&exchange.inbound.variants[method.message].ty, unit);
        let output = reply(method.reply.as_ref(), exchange, unit);
        quote! {
            #docs
            fn #name(&self, cx: &mut Context<'_, Self>, message: #message) -> impl Future<Output = Result<#output, Error>> + Send;
        }
    });
    quote!(#(#methods)*)
}

/// What a method returns to be sent back.
fn reply(reply: Option<&Reply>, exchange: &Exchange, unit: &Unit<'_>) -> TokenStream {
    match reply {
        None => quote!(()),
        Some(Reply::One(index)) => qualified(&exchange.outbound.variants[*index].ty, unit),
        Some(Reply::Choice { name, .. }) => {
            let name = ident(name);
            quote!(#name)
        }
    }
}

/// The method for frames that are not decoded, if there are any.
fn undecoded(route: &Route) -> Option<TokenStream> {
    let (name, text) = match &route.traffic {
        Traffic::Raw => (
            quote!(message),
            "Receives a text or binary message.".to_owned(),
        ),
        Traffic::Typed(exchange) if exchange.inbound.has_raw() => {
            let inbound = &exchange.inbound;
            let ambiguous = inbound.dispatch.ambiguous.iter();
            let names: Vec<String> = ambiguous
                .map(|&index| quoted(&inbound.variants[index].name))
                .collect();
            let names = names.join(", ");
            let text = format!("Receives what nothing tells apart, undecoded: {names}.");
            (quote!(raw), text)
        }
        Traffic::Typed(_) => return None,
    };
    let docs = docs([text.as_str()]);
    Some(quote! {
        #docs
        fn #name(&self, cx: &mut Context<'_, Self>, message: Message) -> impl Future<Output = Result<(), Error>> + Send;
    })
}
