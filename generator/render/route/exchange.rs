//! The messages of a route: an enumeration for each direction.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::model::{Content, Exchange, MessageSet, Reply, Route, Traffic, Variant};

use super::super::dispatch::{Branches, decode_message, select};
use super::super::docs::docs;
use super::super::names::{ident, qualified};
use super::super::unit::{Import, Unit};

/// Renders both directions, and the replies that are one of several.
pub(super) fn render(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let Traffic::Typed(exchange) = &route.traffic else {
        return TokenStream::new();
    };
    let inbound = inbound(&exchange.inbound, unit);
    let outbound = outbound(&exchange.outbound, unit);
    let replies = route.methods().filter_map(|method| method.reply.as_ref());
    let choices = replies.filter_map(|reply| choice(reply, exchange, unit));
    quote!(#inbound #outbound #(#choices)*)
}

fn inbound(set: &MessageSet, unit: &Unit<'_>) -> TokenStream {
    let ambiguous = set.has_raw();
    let entries = set.told().map(|(_, variant)| entry(variant, unit));
    let raw = ambiguous.then(|| {
        quote! {
            /// What nothing tells apart, undecoded.
            Raw(Message),
        }
    });
    let names = set.told().map(|(_, variant)| name_arm(variant));
    let raw_name = ambiguous.then(|| quote!(Self::Raw(_) => "raw",));
    let subject = subject(set);
    let (frame, decode) = decode(set, unit, Untold::Kept);
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

fn outbound(set: &MessageSet, unit: &Unit<'_>) -> TokenStream {
    let entries = set.variants.iter().map(|variant| entry(variant, unit));
    let names = set.variants.iter().map(name_arm);
    let encode = set.variants.iter().map(|variant| encode_arm(variant, unit));
    let distinct = set.variants.iter().filter(|variant| variant.distinct);
    let conversions = distinct.map(|variant| from(&quote!(Outbound), variant, unit));
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
fn encode_arm(variant: &Variant, unit: &Unit<'_>) -> TokenStream {
    let name = ident(&variant.variant);
    if variant.content.is_typed() {
        unit.import(Import::Codegen);
    }
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
    unit: &Unit<'_>,
) -> TokenStream {
    let encode = set.told().map(|(_, variant)| encode_arm(variant, unit));
    let names = set.told().map(|(_, variant)| name_arm(variant));
    let ambiguous = set.has_raw();
    let raw = ambiguous.then(|| quote!(Self::Raw(message) => Ok(message),));
    let raw_name = ambiguous.then(|| quote!(Self::Raw(_) => "raw",));
    let distinct = set.told().filter(|(_, variant)| variant.distinct);
    let conversions = distinct.map(|(_, variant)| from(&quote!(#module::Inbound), variant, unit));
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
    unit: &Unit<'_>,
) -> TokenStream {
    let names = set.variants.iter().map(name_arm);
    let subject = subject(set);
    let (frame, decode) = decode(set, unit, Untold::Refused);
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

/// The enumeration of the possible replies of one method.
fn choice(reply: &Reply, exchange: &Exchange, unit: &Unit<'_>) -> Option<TokenStream> {
    let Reply::Choice { name, messages } = reply else {
        return None;
    };
    let name = ident(name);
    let entries = messages
        .iter()
        .map(|&id| entry(&exchange.outbound.variants[id], unit));
    let arms = messages.iter().map(|&index| {
        let variant = ident(&exchange.outbound.variants[index].variant);
        quote!(#name::#variant(message) => Self::#variant(message),)
    });
    let conversions = messages
        .iter()
        .map(|&index| &exchange.outbound.variants[index])
        .filter(|variant| variant.distinct)
        .map(|variant| from(&quote!(#name), variant, unit));
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
fn from(enumeration: &TokenStream, variant: &Variant, unit: &Unit<'_>) -> TokenStream {
    let name = ident(&variant.variant);
    let ty = qualified(&variant.ty, unit);
    quote! {
        impl From<#ty> for #enumeration {
            fn from(message: #ty) -> Self {
                Self::#name(message)
            }
        }
    }
}

fn entry(variant: &Variant, unit: &Unit<'_>) -> TokenStream {
    let docs = docs(variant.docs.first().map(String::as_str));
    let name = ident(&variant.variant);
    let ty = qualified(&variant.ty, unit);
    quote!(#docs #name(#ty),)
}

fn name_arm(variant: &Variant) -> TokenStream {
    let name = &variant.name;
    let variant = ident(&variant.variant);
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
fn decode(set: &MessageSet, unit: &Unit<'_>, untold: Untold) -> (TokenStream, TokenStream) {
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
    let is_kept = untold == Untold::Kept && set.has_raw();
    let frame = match is_chosen || is_kept || set.dispatch.binary.is_some() {
        true => quote!(frame),
        false => quote!(_frame),
    };
    let choice = if is_chosen {
        let branches = Branches {
            decode: &|id| {
                let variant = &set.variants[id];
                let name = ident(&variant.variant);
                decode_message(variant.content, &variant.ty, &quote!(Self::#name), unit)
            },
            raw,
        };
        let select = select(&set.dispatch, &branches, unit);
        let payload = match set.packing {
            Some(Content::MessagePack) => quote!(&codegen::message_pack_as_json(&frame)?),
            Some(Content::Cbor) => quote!(&codegen::cbor_as_json(&frame)?),
            _ => quote!(frame.bytes()),
        };
        quote! {
            let payload = #payload;
            #select
        }
    } else if !set.has_raw() {
        quote!(Err(DecodeError::unknown(None)))
    } else {
        raw
    };
    (frame, quote!(#binary #choice))
}
