//! The endpoint: what the runtime calls, in terms of the handler traits.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{CorrelatedReply, Correlation, Exchange, Method, Reply, Route, Traffic};

use super::super::names::ident;
use super::super::pieces::Piece;
use super::request;
use super::shared::{channels_with_traits, outbound};

/// Renders the endpoint.
pub(super) fn render(route: &Route) -> [Piece; 2] {
    let label = &route.label;
    let subprotocols = &route.subprotocols;
    let subprotocols = (!subprotocols.is_empty())
        .then(|| quote!(const SUBPROTOCOLS: &'static [&'static str] = &[#(#subprotocols),*];));
    let bounds = std::iter::once(ident(&route.trait_name))
        .chain(channels_with_traits(route).map(|channel| ident(&channel.trait_name)));
    let outbound = outbound(route);
    let (inbound, receive, invalid) = match &route.traffic {
        Traffic::Raw => (
            quote!(Message),
            quote!(self.0.message(cx, message).await),
            None,
        ),
        Traffic::Typed(exchange) => (quote!(Inbound), receive(route, exchange), Some(invalid())),
    };
    let request = request::read(route);
    let structure = quote! {
        /// Joins the handlers to the runtime.
        #[derive(Debug)]
        pub struct Endpoint<H>(pub Arc<H>);
    };
    let constants = quote!(const CHANNEL: &'static str = #label; #subprotocols);
    let opening = quote! {
        type Session = H::Session;
        type Inbound = #inbound;
        type Outbound = #outbound;

        async fn connect(&self, handshake: Handshake) -> Result<H::Session, Reject> {
            self.0.connect(#request).await
        }

        async fn connected(&self, cx: &mut Context<'_, H>) -> Result<(), Error> {
            self.0.connected(cx).await
        }
    };
    let receive = quote! {
        async fn receive(&self, cx: &mut Context<'_, H>, message: #inbound) -> Result<(), Error> {
            #receive
        }
    };
    let rest = quote! {
        #invalid

        async fn topic_event(&self, cx: &mut Context<'_, H>, event: TopicEvent) -> Result<(), Error> {
            self.0.topic_event(cx, event).await
        }

        async fn disconnected(&self, session: H::Session, reason: CloseReason, topics: &Topics<#outbound>) {
            self.0.disconnected(session, reason, topics).await;
        }

        async fn background(&self, topics: Topics<#outbound>) {
            self.0.background(topics).await;
        }
    };
    let implementation = Piece::Block {
        head: quote!(impl<H: #(#bounds)+*> codegen::Endpoint for Endpoint<H>),
        members: vec![constants, opening, receive, rest],
    };
    [Piece::Items(structure), implementation]
}

fn invalid() -> TokenStream {
    quote! {
        async fn invalid(&self, cx: &mut Context<'_, H>, error: DecodeError) -> Result<(), Error> {
            self.0.invalid(cx, error).await
        }
    }
}

/// Each message to its method, and the reply back.
fn receive(route: &Route, exchange: &Exchange) -> TokenStream {
    if exchange.inbound.variants.is_empty() {
        return quote! {
            let _ = cx;
            match message {}
        };
    }
    let arms = route.methods().map(|method| arm(method, exchange));
    let raw = exchange
        .inbound
        .has_raw()
        .then(|| quote!(Inbound::Raw(message) => self.0.raw(cx, message).await,));
    quote! {
        match message {
            #(#arms)*
            #raw
        }
    }
}

fn arm(method: &Method, exchange: &Exchange) -> TokenStream {
    let variant = ident(&exchange.inbound.variants[method.message].variant);
    let name = ident(&method.name);
    let require = require(method);
    let send = match &method.reply {
        None if require.is_none() => {
            return quote!(Inbound::#variant(message) => self.0.#name(cx, message).await,);
        }
        None => {
            return quote! {
                Inbound::#variant(message) => {
                    #require
                    self.0.#name(cx, message).await
                }
            };
        }
        Some(Reply::One(index)) => {
            let variant = ident(&exchange.outbound.variants[*index].variant);
            quote!(cx.send(Outbound::#variant(reply)).await)
        }
        Some(Reply::Choice { .. }) => quote!(cx.send(reply).await),
    };
    let (remember, correlate) = match &method.correlation {
        None => (quote!(), quote!()),
        Some(correlation) => correlate(method, correlation, exchange),
    };
    let mutable = method.correlation.as_ref().map(|_| quote!(mut));
    quote! {
        Inbound::#variant(message) => {
            #require
            #remember
            let #mutable reply = self.0.#name(cx, message).await?;
            #correlate
            #send
        }
    }
}

/// What the operation asks of the client, by the names of the schemes.
fn require(method: &Method) -> Option<TokenStream> {
    let alternatives = method.security.iter().map(|schemes| {
        let names = schemes.iter().map(|scheme| &scheme.name);
        quote!(&[#(#names),*])
    });
    (!method.security.is_empty()).then(|| quote!(cx.require(&[#(#alternatives),*])?;))
}

/// Keeps the correlation id of a request, and writes it into the reply.
fn correlate(
    method: &Method,
    correlation: &Correlation,
    exchange: &Exchange,
) -> (TokenStream, TokenStream) {
    let field = ident(&correlation.request);
    let id = |reply: &CorrelatedReply| match reply.wrap {
        true => quote!(Some(correlation_id)),
        false => quote!(correlation_id),
    };
    let copy = match &method.reply {
        Some(Reply::Choice { name, .. }) => {
            let name = ident(name);
            let arms = correlation.replies.iter().map(|reply| {
                let variant = ident(&exchange.outbound.variants[reply.message].variant);
                let (field, id) = (ident(&reply.field), id(reply));
                quote!(#name::#variant(reply) => reply.#field = #id,)
            });
            let rest = (!correlation.is_in_all).then(|| quote!(_ => {}));
            quote!(match &mut reply { #(#arms)* #rest })
        }
        _ => {
            let copies = correlation.replies.iter().map(|reply| {
                let (field, id) = (ident(&reply.field), id(reply));
                quote!(reply.#field = #id;)
            });
            quote!(#(#copies)*)
        }
    };
    let clone = (!correlation.is_copy).then(|| quote!(.clone()));
    (quote!(let correlation_id = message.#field #clone;), copy)
}
