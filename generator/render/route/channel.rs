//! What the runtime has to know of a route: its types, and which method takes which message.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{CorrelatedReply, Correlation, Exchange, Method, Reply, Route, Traffic};

use super::super::names::ident;
use super::shared::{bounds, outbound};

/// Renders the implementations of `Channel` and `Dispatch`.
pub(super) fn render(route: &Route) -> TokenStream {
    let label = &route.label;
    let subprotocols = &route.subprotocols;
    let subprotocols = (!subprotocols.is_empty())
        .then(|| quote!(const SUBPROTOCOLS: &'static [&'static str] = &[#(#subprotocols),*];));
    let bounds = bounds(route, &TokenStream::new());
    let outbound = outbound(route);
    let (inbound, receive) = match &route.traffic {
        Traffic::Raw => {
            let name = ident(&route.trait_name);
            let receive = quote!(#name::message(handlers, cx, message).await);
            (quote!(Message), receive)
        }
        Traffic::Typed(exchange) => (quote!(Inbound), receive(route, exchange)),
    };
    quote! {
        impl codegen::Channel for Route {
            const NAME: &'static str = #label;
            #subprotocols
            type Request = Request;
            type Inbound = #inbound;
            type Outbound = #outbound;
        }

        impl<H: #(#bounds)+*> codegen::Dispatch<H> for Route {
            async fn receive(handlers: &H, cx: &mut Context<'_, H>, message: #inbound) -> Result<(), Error> {
                #receive
            }
        }
    }
}

/// Each message to its method, and the reply back. The methods are called by their traits, so that the runtime may have
/// more of the same name one day.
fn receive(route: &Route, exchange: &Exchange) -> TokenStream {
    if exchange.inbound.variants.is_empty() {
        return quote! {
            let _ = (handlers, cx);
            match message {}
        };
    }
    let own = route.own_channel().into_iter();
    let own = own.map(|channel| (&route.trait_name, channel));
    let shared = route.multiplexed().iter();
    let shared = shared.map(|shared| (&shared.trait_name, &shared.channel));
    let arms = own.chain(shared).flat_map(|(trait_name, channel)| {
        let methods = channel.methods.iter();
        methods.map(move |method| arm(trait_name, method, exchange))
    });
    let name = ident(&route.trait_name);
    let raw = exchange
        .inbound
        .has_raw()
        .then(|| quote!(Inbound::Raw(message) => #name::raw(handlers, cx, message).await,));
    quote! {
        match message {
            #(#arms)*
            #raw
        }
    }
}

fn arm(trait_name: &str, method: &Method, exchange: &Exchange) -> TokenStream {
    let variant = ident(&exchange.inbound.variants[method.message].variant);
    let (trait_name, name) = (ident(trait_name), ident(&method.name));
    let call = quote!(#trait_name::#name(handlers, cx, message).await);
    let require = require(method);
    let send = match &method.reply {
        None if require.is_none() => return quote!(Inbound::#variant(message) => #call,),
        None => {
            return quote! {
                Inbound::#variant(message) => {
                    #require
                    #call
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
            let #mutable reply = #call?;
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
