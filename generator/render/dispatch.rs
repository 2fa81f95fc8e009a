//! The way from a payload to the right alternative, as code.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use crate::model::{Content, Dispatch, JsonKind, Literal, Shape, Type, Types};

use super::checks::closure;
use super::names::qualified;

/// What to do once an alternative is found.
pub(super) struct Target {
    /// The expression that decodes it: a `Result`.
    decode: TokenStream,
}

impl Target {
    /// A JSON payload that becomes `variant`; what holds it checks the rules of its schema.
    pub(super) fn part(variant: &TokenStream) -> Self {
        Self {
            decode: quote!(codegen::from_json(payload).map(#variant)),
        }
    }

    /// A whole message: its rules are checked once it is parsed.
    pub(super) fn message(
        content: Content,
        ty: &Type,
        variant: &TokenStream,
        types: &Types,
    ) -> Self {
        let check = closure(ty, types);
        let parse = match (content, ty, check) {
            (Content::Text, _, None) => quote!(codegen::text(payload)),
            (Content::Text, _, Some(check)) => {
                quote!(codegen::text(payload).and_then(|value| check::accept(value, #check)))
            }
            (_, _, None) => quote!(codegen::from_json(payload)),
            (_, Type::Named(_), Some(_)) => quote!(codegen::from_checked_json(payload)),
            (_, _, Some(check)) => {
                let ty = qualified(ty, types);
                quote!(codegen::from_json::<#ty>(payload).and_then(|value| check::accept(value, #check)))
            }
        };
        Self {
            decode: quote!(#parse.map(#variant)),
        }
    }
}

/// An expression that chooses by `payload`, a `&[u8]` of JSON, and decodes; its type is a `Result` with a `DecodeError`.
///
/// `raw` is the expression for what nothing tells apart.
pub(super) fn select(dispatch: &Dispatch, targets: &[Target], raw: &TokenStream) -> TokenStream {
    let rest = rest(dispatch, targets, raw);
    let Some(tag) = &dispatch.tag else {
        return rest;
    };
    let found = match &*tag.path {
        [property] => quote!(codegen::tag(payload, #property)),
        path => quote!(codegen::tag_at(payload, &[#(#path),*])),
    };
    let arms = by_target(&tag.values).into_iter().map(|(texts, target)| {
        let decode = &targets[target].decode;
        quote!(Some(#(#texts)|*) => #decode,)
    });
    let unknown = if dispatch.shapes.is_empty() && dispatch.ambiguous.is_empty() {
        quote!(found => Err(DecodeError::unknown(found)),)
    } else {
        quote!(_ => { #rest })
    };
    quote! {
        match #found?.as_deref() {
            #(#arms)*
            #unknown
        }
    }
}

/// What is tried where no tag leads anywhere.
fn rest(dispatch: &Dispatch, targets: &[Target], raw: &TokenStream) -> TokenStream {
    let mut otherwise = if dispatch.ambiguous.is_empty() {
        quote!(Err(DecodeError::unknown(None)))
    } else {
        raw.clone()
    };
    for (shape, target) in dispatch.shapes.iter().rev() {
        let decode = &targets[*target].decode;
        let test = match shape {
            Shape::Any => {
                otherwise = decode.clone();
                continue;
            }
            Shape::Kinds(kinds) => {
                let kinds = kinds.iter().map(|kind| kind_tokens(*kind));
                quote!(codegen::is_any_of(payload, &[#(codegen::JsonKind::#kinds),*]))
            }
            Shape::Keys(keys) => quote!(codegen::has_keys(payload, &[#(#keys),*])),
        };
        let chained = matches!(otherwise.clone().into_iter().next(), Some(TokenTree::Ident(word)) if word == "if");
        otherwise = match chained {
            true => quote!(if #test { #decode } else #otherwise),
            false => quote!(if #test { #decode } else { #otherwise }),
        };
    }
    otherwise
}

/// The values of a tag, those with one target together, in their order.
fn by_target(values: &[(Literal, usize)]) -> Vec<(Vec<String>, usize)> {
    let mut grouped: Vec<(Vec<String>, usize)> = Vec::new();
    for (literal, target) in values {
        let text = match literal {
            Literal::String(text) => text.clone(),
            Literal::Integer(number) => number.to_string(),
        };
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
