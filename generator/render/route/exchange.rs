//! The messages of a route: an enumeration for each direction.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::model::{Content, Exchange, MessageSet, Reply, Route, Traffic, Variant, VariantId};

use super::super::dispatch::{Branches, decode_message, select};
use super::super::docs::docs;
use super::super::names::{ident, qualified};
use super::super::pieces::{Piece, Row};
use super::super::unit::{Import, Unit};

/// Renders both directions, and the replies that are one of several.
pub(super) fn render(route: &Route, unit: &Unit<'_>) -> Vec<Piece> {
    let Traffic::Typed(exchange) = &route.traffic else {
        return Vec::new();
    };
    let inbound = inbound(&exchange.inbound, unit);
    let outbound = outbound(&exchange.outbound, unit);
    let mut pieces = vec![Piece::Items(quote!(#inbound #outbound))];
    let all = exchange.outbound.variants.iter();
    pieces.push(encode("Outbound", all, false, unit));
    for reply in route.methods().filter_map(|method| method.reply.as_ref()) {
        if let Reply::Choice { name, messages } = reply {
            pieces.extend(choice(name, messages, exchange, unit));
        }
    }
    pieces
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
            fn read(#frame: &Frame) -> Result<Self, DecodeError> {
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
    quote! {
        /// What this server may send here.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Outbound {
            #(#entries)*
        }
    }
}

/// How the messages of an enumeration become frames; with those that were passed on undecoded, if it has such.
fn encode<'v>(
    messages: &str,
    variants: impl Iterator<Item = &'v Variant>,
    has_raw: bool,
    unit: &Unit<'_>,
) -> Piece {
    unit.import(Import::Codegen);
    let rows = variants.map(|variant| Row {
        format: Some((variant.name.clone(), format(variant.content))),
        ..row(variant, unit)
    });
    let raw = has_raw.then(|| Row {
        variant: ident("Raw"),
        payload: None,
        format: Some(("raw".to_owned(), format(Content::Binary))),
    });
    Piece::Table {
        head: format!("codegen::encode!({messages}"),
        rows: rows.chain(raw).collect(),
    }
}

/// The word of `codegen::encode` for a format.
fn format(content: Content) -> &'static str {
    match content {
        Content::Json => "json",
        Content::MessagePack => "message_pack",
        Content::Cbor => "cbor",
        Content::Text => "text",
        Content::Binary => "binary",
    }
}

/// A message that becomes its enumeration by itself, unless another one has the same type.
fn row(variant: &Variant, unit: &Unit<'_>) -> Row {
    Row {
        variant: ident(&variant.variant),
        payload: variant.distinct.then(|| qualified(&variant.ty, unit)),
        format: None,
    }
}

/// How a client writes what the server of the route `module` reads.
pub(in super::super) fn encode_inbound(module: &Ident, set: &MessageSet, unit: &Unit<'_>) -> Piece {
    let told = set.told().map(|(_, variant)| variant);
    encode(&format!("{module}::Inbound"), told, set.has_raw(), unit)
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
            fn read(#frame: &Frame) -> Result<Self, DecodeError> {
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
fn choice(name: &str, messages: &[VariantId], exchange: &Exchange, unit: &Unit<'_>) -> [Piece; 2] {
    let name = ident(name);
    let messages = || messages.iter().map(|&id| &exchange.outbound.variants[id]);
    let entries = messages().map(|variant| entry(variant, unit));
    let declared = quote! {
        /// What the request is answered with.
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#entries)*
        }
    };
    let table = Piece::Table {
        head: format!("codegen::replies!({name} in Outbound"),
        rows: messages().map(|variant| row(variant, unit)).collect(),
    };
    [Piece::Items(declared), table]
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

/// The parameter and the body of `read`.
fn decode(set: &MessageSet, unit: &Unit<'_>, untold: Untold) -> (TokenStream, TokenStream) {
    if set.variants.is_empty() {
        return (quote!(_frame), quote!(Err(DecodeError::unknown(None))));
    }
    let raw = match untold {
        Untold::Kept => quote!(Ok(Self::Raw(frame.message().clone()))),
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
            Some(Content::MessagePack) => quote!(&codegen::message_pack_as_json(frame)?),
            Some(Content::Cbor) => quote!(&codegen::cbor_as_json(frame)?),
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
