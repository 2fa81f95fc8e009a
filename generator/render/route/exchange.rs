//! The messages of a route: an enumeration for each direction.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::model::{Content, Exchange, MessageSet, Reply, Route, Traffic, Types, Variant};

use super::super::dispatch::{Target, select};
use super::super::docs::docs;
use super::super::names::{ident, qualified};

/// Renders both directions, and the replies that are one of several.
pub(super) fn render(route: &Route, types: &Types) -> TokenStream {
    let Traffic::Typed(exchange) = &route.traffic else {
        return TokenStream::new();
    };
    let inbound = inbound(&exchange.inbound, types);
    let outbound = outbound(&exchange.outbound, types);
    let methods = route.channels.iter().flat_map(|channel| &channel.methods);
    let replies = methods.filter_map(|method| method.reply.as_ref());
    let choices = replies.filter_map(|reply| choice(reply, exchange, types));
    quote!(#inbound #outbound #(#choices)*)
}

fn inbound(set: &MessageSet, types: &Types) -> TokenStream {
    let ambiguous = !set.dispatch.ambiguous.is_empty();
    let told = told(set);
    let entries = told.iter().map(|&index| entry(set, index, types));
    let raw = ambiguous.then(|| {
        quote! {
            /// What nothing tells apart, undecoded.
            Raw(Message),
        }
    });
    let names = told.iter().map(|&index| name_arm(set, index));
    let raw_name = ambiguous.then(|| quote!(Self::Raw(_) => "raw",));
    let subject = subject(set);
    let (frame, decode) = decode(set, types, Untold::Kept);
    quote! {
        /// What arrives.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Inbound {
            #(#entries)*
            #raw
        }

        impl Decode for Inbound {
            fn decode(#frame: Frame) -> Result<Self, DecodeError> {
                #decode
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                    #raw_name
                }
            }
        }
    }
}

fn outbound(set: &MessageSet, types: &Types) -> TokenStream {
    let entries = (0..set.variants.len()).map(|index| entry(set, index, types));
    let names = (0..set.variants.len()).map(|index| name_arm(set, index));
    let encode = set.variants.iter().map(encode_arm);
    let distinct = set.variants.iter().filter(|variant| variant.distinct);
    let conversions = distinct.map(|variant| from(&quote!(Outbound), variant, types));
    let subject = subject(set);
    quote! {
        /// What this server may send here.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Outbound {
            #(#entries)*
        }

        impl Encode for Outbound {
            fn encode(self) -> Result<Message, EncodeError> {
                match self {
                    #(#encode)*
                }
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                }
            }
        }
        #(#conversions)*
    }
}

/// How a message becomes a frame.
fn encode_arm(variant: &Variant) -> TokenStream {
    let name = ident(&variant.variant);
    match variant.content {
        Content::Json => quote!(Self::#name(message) => codegen::to_json(&message),),
        Content::MessagePack => quote!(Self::#name(message) => codegen::to_message_pack(&message),),
        Content::Cbor => quote!(Self::#name(message) => codegen::to_cbor(&message),),
        Content::Text => quote!(Self::#name(message) => Ok(Message::from(message.as_str())),),
        Content::Binary => quote!(Self::#name(message) => Ok(Message::from(message)),),
    }
}

/// How a client writes what the server of the route `module` reads.
pub(in super::super) fn encode_inbound(
    module: &Ident,
    set: &MessageSet,
    types: &Types,
) -> TokenStream {
    let told: Vec<usize> = told(set);
    let encode = told.iter().map(|&index| encode_arm(&set.variants[index]));
    let names = told.iter().map(|&index| name_arm(set, index));
    let ambiguous = !set.dispatch.ambiguous.is_empty();
    let raw = ambiguous.then(|| quote!(Self::Raw(message) => Ok(message),));
    let raw_name = ambiguous.then(|| quote!(Self::Raw(_) => "raw",));
    let distinct = told
        .iter()
        .map(|&index| &set.variants[index])
        .filter(|variant| variant.distinct);
    let conversions = distinct.map(|variant| from(&quote!(#module::Inbound), variant, types));
    let subject = subject(set);
    quote! {
        impl Encode for #module::Inbound {
            fn encode(self) -> Result<Message, EncodeError> {
                match self {
                    #(#encode)*
                    #raw
                }
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                    #raw_name
                }
            }
        }
        #(#conversions)*
    }
}

/// How a client reads what the server of the route `module` writes; what nothing tells apart is an error.
pub(in super::super) fn decode_outbound(
    module: &Ident,
    set: &MessageSet,
    types: &Types,
) -> TokenStream {
    let names = (0..set.variants.len()).map(|index| name_arm(set, index));
    let subject = subject(set);
    let (frame, decode) = decode(set, types, Untold::Refused);
    quote! {
        impl Decode for #module::Outbound {
            fn decode(#frame: Frame) -> Result<Self, DecodeError> {
                #decode
            }

            fn name(&self) -> &'static str {
                match #subject {
                    #(#names)*
                }
            }
        }
    }
}

/// The messages that can be told apart.
fn told(set: &MessageSet) -> Vec<usize> {
    (0..set.variants.len())
        .filter(|index| !set.dispatch.ambiguous.contains(index))
        .collect()
}

/// The enumeration of the possible replies of one method.
fn choice(reply: &Reply, exchange: &Exchange, types: &Types) -> Option<TokenStream> {
    let Reply::Choice { name, messages } = reply else {
        return None;
    };
    let name = ident(name);
    let entries = messages
        .iter()
        .map(|&index| entry(&exchange.outbound, index, types));
    let arms = messages.iter().map(|&index| {
        let variant = ident(&exchange.outbound.variants[index].variant);
        quote!(#name::#variant(message) => Self::#variant(message),)
    });
    let conversions = messages
        .iter()
        .map(|&index| &exchange.outbound.variants[index])
        .filter(|variant| variant.distinct)
        .map(|variant| from(&quote!(#name), variant, types));
    Some(quote! {
        /// What the request is answered with.
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#entries)*
        }

        impl From<#name> for Outbound {
            fn from(reply: #name) -> Self {
                match reply {
                    #(#arms)*
                }
            }
        }
        #(#conversions)*
    })
}

/// The conversion of a message into the enumeration that has it.
fn from(enumeration: &TokenStream, variant: &Variant, types: &Types) -> TokenStream {
    let name = ident(&variant.variant);
    let ty = qualified(&variant.ty, types);
    quote! {
        impl From<#ty> for #enumeration {
            fn from(message: #ty) -> Self {
                Self::#name(message)
            }
        }
    }
}

fn entry(set: &MessageSet, index: usize, types: &Types) -> TokenStream {
    let variant = &set.variants[index];
    let docs = docs(variant.docs.first().map(String::as_str));
    let name = ident(&variant.variant);
    let ty = qualified(&variant.ty, types);
    quote!(#docs #name(#ty),)
}

fn name_arm(set: &MessageSet, index: usize) -> TokenStream {
    let variant = ident(&set.variants[index].variant);
    let name = &set.variants[index].name;
    quote!(Self::#variant(_) => #name,)
}

/// What to match on: an enumeration without variants is matched by value.
fn subject(set: &MessageSet) -> TokenStream {
    if set.variants.is_empty() {
        quote!(*self)
    } else {
        quote!(self)
    }
}

/// What becomes of a message that nothing tells apart from others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Untold {
    /// It stays as it came.
    Kept,
    /// It is an error.
    Refused,
}

/// The parameter and the body of `decode`.
fn decode(set: &MessageSet, types: &Types, untold: Untold) -> (TokenStream, TokenStream) {
    if set.variants.is_empty() {
        return (quote!(_frame), quote!(Err(DecodeError::unknown(None))));
    }
    let raw = match untold {
        Untold::Kept => quote!(Ok(Self::Raw(frame.into_message()))),
        Untold::Refused => quote!(Err(DecodeError::unknown(None))),
    };
    let binary = set.dispatch.binary.map(|index| {
        let name = ident(&set.variants[index].variant);
        quote! {
            if !frame.is_text() {
                return Ok(Self::#name(frame.bytes().clone()));
            }
        }
    });
    let is_chosen = set.dispatch.tag.is_some() || !set.dispatch.shapes.is_empty();
    let is_kept = untold == Untold::Kept && !set.dispatch.ambiguous.is_empty();
    let frame = match is_chosen || is_kept || set.dispatch.binary.is_some() {
        true => quote!(frame),
        false => quote!(_frame),
    };
    let choice = if is_chosen {
        let targets: Vec<Target> = set
            .variants
            .iter()
            .map(|variant| target(variant, types))
            .collect();
        let select = select(&set.dispatch, &targets, &raw);
        let payload = match set.packing {
            Some(Content::MessagePack) => quote!(&codegen::message_pack_as_json(&frame)?),
            Some(Content::Cbor) => quote!(&codegen::cbor_as_json(&frame)?),
            _ => quote!(frame.bytes()),
        };
        quote! {
            let payload = #payload;
            #select
        }
    } else if set.dispatch.ambiguous.is_empty() {
        quote!(Err(DecodeError::unknown(None)))
    } else {
        raw
    };
    (frame, quote!(#binary #choice))
}

fn target(variant: &Variant, types: &Types) -> Target {
    let name = ident(&variant.variant);
    Target::message(variant.content, &variant.ty, &quote!(Self::#name), types)
}
