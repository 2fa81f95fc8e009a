//! The way from a payload to the right alternative, as code.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Content, Dispatch, ItemShape, JsonKind, Shape, TagValue, Type, VariantId};

use super::checks::closure;
use super::names::qualified;
use super::unit::{Import, Unit};

/// The expression that decodes a JSON payload as a part of something, which checks the rules of its schema: a `Result`.
pub(super) fn decode_part(variant: &TokenStream, unit: &Unit<'_>) -> TokenStream {
    unit.import(Import::Codegen);
    quote!(codegen::from_json(payload).map(#variant))
}

/// The expression that decodes a payload as a whole message, and checks its rules: a `Result`.
pub(super) fn decode_message(
    content: Content,
    ty: &Type,
    variant: &TokenStream,
    unit: &Unit<'_>,
) -> TokenStream {
    unit.import(Import::Codegen);
    let parse = match (content, ty) {
        (Content::Text, _) => accept(quote!(codegen::text(payload)), ty, unit),
        (_, Type::Named(id)) if unit.types.usage(*id).validated => {
            quote!(codegen::from_checked_json(payload))
        }
        _ => match closure(ty, unit) {
            None => quote!(codegen::from_json(payload)),
            Some(_) => {
                let written = qualified(ty, unit);
                accept(quote!(codegen::from_json::<#written>(payload)), ty, unit)
            }
        },
    };
    quote!(#parse.map(#variant))
}

/// The value that `parse` gives if it keeps the rules of its type.
fn accept(parse: TokenStream, ty: &Type, unit: &Unit<'_>) -> TokenStream {
    let Some(check) = closure(ty, unit) else {
        return parse;
    };
    unit.import(Import::Check);
    quote!(#parse.and_then(|value| check::accept(value, #check)))
}

/// How a choice goes on.
pub(super) struct Branches<'b> {
    /// The expression that decodes an alternative.
    pub(super) decode: &'b dyn Fn(VariantId) -> TokenStream,
    /// The expression for what nothing tells apart.
    pub(super) raw: TokenStream,
}

/// An expression that chooses by `payload`, a `&[u8]` of JSON, and decodes; its type is a `Result` with a `DecodeError`.
pub(super) fn select(dispatch: &Dispatch, branches: &Branches<'_>, unit: &Unit<'_>) -> TokenStream {
    unit.import(Import::Codegen);
    let Some(tag) = &dispatch.tag else {
        return rest(dispatch, branches, unit);
    };
    let found = match &*tag.path {
        [property] => quote!(codegen::tag(payload, #property)),
        path => quote!(codegen::tag_at(payload, &[#(#path),*])),
    };
    let arms = by_target(&tag.values).into_iter().map(|(texts, target)| {
        let decode = (branches.decode)(target);
        quote!(Some(#(#texts)|*) => #decode,)
    });
    let unknown = if dispatch.shapes.is_empty() && dispatch.ambiguous.is_empty() {
        unit.import(Import::DecodeError);
        quote!(found => Err(DecodeError::unknown(found)),)
    } else {
        let rest = rest(dispatch, branches, unit);
        quote!(_ => { #rest })
    };
    quote! {
        match #found?.as_deref() {
            #(#arms)*
            #unknown
        }
    }
}

/// What is tried where no tag leads anywhere: one shape after the other.
fn rest(dispatch: &Dispatch, branches: &Branches<'_>, unit: &Unit<'_>) -> TokenStream {
    let any = dispatch
        .shapes
        .iter()
        .position(|(shape, _)| *shape == Shape::Any);
    let (tested, otherwise) = match any {
        Some(position) => {
            let (_, target) = dispatch.shapes[position];
            (&dispatch.shapes[..position], (branches.decode)(target))
        }
        None if dispatch.ambiguous.is_empty() => {
            unit.import(Import::DecodeError);
            (
                &dispatch.shapes[..],
                quote!(Err(DecodeError::unknown(None))),
            )
        }
        None => (&dispatch.shapes[..], branches.raw.clone()),
    };
    let tested = tested.iter().map(|(shape, target)| {
        let test = match shape {
            Shape::Any => quote!(true),
            Shape::Kinds(kinds) => {
                let kinds = kinds.iter().map(|kind| kind_tokens(*kind));
                quote!(codegen::is_any_of(payload, &[#(codegen::JsonKind::#kinds),*]))
            }
            Shape::Keys(keys) => quote!(codegen::has_keys(payload, &[#(#keys),*])),
            Shape::AnyKey(keys) => quote!(#(codegen::has_keys(payload, &[#keys]))||*),
            Shape::Value(path, values) => {
                let texts = values.iter().map(TagValue::text);
                quote!(codegen::has_value(payload, &[#(#path),*], &[#(#texts),*]))
            }
            Shape::Item(position, item) => item_test(*position, item),
        };
        let decode = (branches.decode)(*target);
        quote!(if #test { #decode } else)
    });
    let tested: Vec<TokenStream> = tested.collect();
    match tested.is_empty() {
        true => otherwise,
        false => quote!(#(#tested)* { #otherwise }),
    }
}

/// Whether a list has an item of this shape at a position.
fn item_test(position: usize, item: &ItemShape) -> TokenStream {
    let position = proc_macro2::Literal::usize_unsuffixed(position);
    match item {
        ItemShape::Kinds(kinds) => {
            let kinds = kinds.iter().map(|kind| kind_tokens(*kind));
            quote!(codegen::is_any_of(codegen::item(payload, #position), &[#(codegen::JsonKind::#kinds),*]))
        }
        ItemShape::Values(values) => {
            let texts = values.iter().map(TagValue::text);
            quote!(codegen::is_one_of(codegen::item(payload, #position), &[#(#texts),*]))
        }
    }
}

/// The values of a tag, those with one target together, in their order.
fn by_target(values: &[(TagValue, VariantId)]) -> Vec<(Vec<String>, VariantId)> {
    let mut grouped: Vec<(Vec<String>, VariantId)> = Vec::new();
    for (literal, target) in values {
        let text = literal.text().into_owned();
        match grouped.last_mut() {
            Some((texts, last)) if last == target => texts.push(text),
            _ => grouped.push((vec![text], *target)),
        }
    }
    grouped
}

fn kind_tokens(kind: JsonKind) -> TokenStream {
    match kind {
        JsonKind::Object => quote!(Object),
        JsonKind::Array => quote!(Array),
        JsonKind::String => quote!(String),
        JsonKind::Number => quote!(Number),
        JsonKind::Boolean => quote!(Boolean),
        JsonKind::Null => quote!(Null),
    }
}
