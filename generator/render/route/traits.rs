//! The traits that the user implements.

use proc_macro2::TokenStream;
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Channel, Exchange, MultiplexedChannel, Reply, Route, Traffic};

use super::super::docs::docs;
use super::super::names::{ident, qualified};
use super::super::pieces::Piece;
use super::super::unit::Unit;
use super::shared::{channels_with_traits, outbound};

/// Renders the trait of the connection, a trait for each channel that shares it, and the context of their methods.
pub(super) fn render(route: &Route, unit: &Unit<'_>) -> Vec<Piece> {
    let channels = channels_with_traits(route).map(|channel| of_channel(route, channel, unit));
    let name = ident(&route.trait_name);
    let outbound = outbound(route);
    let rest = quote! {
        #(#channels)*

        /// The connection that a handler works on: sends, joins topics, publishes, closes.
        pub type Context<'a, H> = ::wsgen_runtime::Context<'a, <H as #name>::Session, #outbound>;
    };
    vec![connection(route, unit), Piece::Items(rest)]
}

fn connection(route: &Route, unit: &Unit<'_>) -> Piece {
    let name = ident(&route.trait_name);
    let headline = format!("Handles {}.", quoted(&route.path));
    let docs =
        docs(std::iter::once(headline.as_str()).chain(route.docs.iter().map(String::as_str)));
    let own = route.own_channel();
    let own = own.map(|channel| methods(route, channel, unit));
    let undecoded = undecoded(route);
    let outbound = outbound(route);
    let opening = quote! {
        /// What you keep for one connection.
        type Session: Send + 'static;

        /// Decides about a client that wants to connect.
        fn connect(&self, request: Request) -> impl Future<Output = Result<Self::Session, Reject>> + Send;

        /// Called once the connection is open, before the first message.
        fn connected(&self, _cx: &mut Context<'_, Self>) -> impl Future<Output = Result<(), Error>> + Send {
            async { Ok(()) }
        }
    };
    let rest = quote! {
        /// Called when somebody who wants to be seen came to a topic or left it, and when something of a topic may be
        /// missing; only for topics that this connection has joined.
        fn topic_event(&self, _cx: &mut Context<'_, Self>, _event: TopicEvent) -> impl Future<Output = Result<(), Error>> + Send {
            async { Ok(()) }
        }

        /// Called when the connection is over; `topics` is where to say so to others.
        fn disconnected(&self, _session: Self::Session, _reason: CloseReason, _topics: &Topics<#outbound>) -> impl Future<Output = ()> + Send {
            async {}
        }

        /// Runs beside the server, to publish what no message asked for; ended when the server is.
        fn background(&self, _topics: Topics<#outbound>) -> impl Future<Output = ()> + Send {
            async {}
        }
    };
    Piece::Block {
        head: quote!(#docs pub trait #name: Send + Sync + 'static),
        members: vec![opening, quote!(#own), undecoded, rest],
    }
}

fn of_channel(route: &Route, shared: &MultiplexedChannel, unit: &Unit<'_>) -> TokenStream {
    let channel = &shared.channel;
    let name = ident(&shared.trait_name);
    let socket = ident(&route.trait_name);
    let headline = format!("Handles the channel {}.", quoted(&channel.name));
    let docs =
        docs(std::iter::once(headline.as_str()).chain(channel.docs.iter().map(String::as_str)));
    let methods = methods(route, channel, unit);
    quote! {
        #docs
        pub trait #name: #socket {
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

/// The methods for frames that are not decoded: because there is nothing to decode, or because they do not fit.
fn undecoded(route: &Route) -> TokenStream {
    let receive = |name: TokenStream, text: &str| {
        let docs = docs([text]);
        quote! {
            #docs
            fn #name(&self, cx: &mut Context<'_, Self>, message: Message) -> impl Future<Output = Result<(), Error>> + Send;
        }
    };
    let Traffic::Typed(exchange) = &route.traffic else {
        return receive(quote!(message), "Receives a text or binary message.");
    };
    let inbound = &exchange.inbound;
    let names: Vec<String> = inbound
        .dispatch
        .ambiguous
        .iter()
        .map(|&index| quoted(&inbound.variants[index].name))
        .collect();
    let raw = (!names.is_empty()).then(|| {
        let text = format!(
            "Receives what nothing tells apart, undecoded: {}.",
            names.join(", ")
        );
        receive(quote!(raw), &text)
    });
    quote! {
        #raw

        /// What to do with a message that is none of this channel's: the default does as the config says, which closes
        /// the connection unless it is told otherwise.
        fn invalid(&self, cx: &mut Context<'_, Self>, error: DecodeError) -> impl Future<Output = Result<(), Error>> + Send {
            async move { cx.refuse(error) }
        }
    }
}
