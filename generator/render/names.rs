//! Identifiers and types as tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::model::{Integer, Type, TypeId};
use crate::naming::is_keyword;

use super::unit::{Import, Unit};

/// An identifier; keywords become raw ones.
pub(super) fn ident(name: &str) -> Ident {
    if is_keyword(name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// Where derives find serde.
pub(super) const SERDE: &str = "::wsgen_runtime::codegen::serde";

/// A type as it is written in the module of the payloads.
pub(super) fn local(ty: &Type, unit: &Unit<'_>) -> TokenStream {
    write(ty, &|id| {
        let name = ident(&unit.types.get(id).name);
        quote!(#name)
    })
}

/// A type as it is written in any other module.
pub(super) fn qualified(ty: &Type, unit: &Unit<'_>) -> TokenStream {
    write(ty, &|id| {
        unit.import(Import::Messages);
        let name = ident(&unit.types.get(id).name);
        quote!(messages::#name)
    })
}

fn write(ty: &Type, named: &dyn Fn(TypeId) -> TokenStream) -> TokenStream {
    let inner = |ty: &Type| write(ty, named);
    match ty {
        Type::Boolean => quote!(bool),
        Type::Integer(Integer::I32) => quote!(i32),
        Type::Integer(Integer::I64) => quote!(i64),
        Type::Integer(Integer::U32) => quote!(u32),
        Type::Integer(Integer::U64) => quote!(u64),
        Type::Number => quote!(f64),
        Type::String => quote!(String),
        Type::Bytes => quote!(::wsgen_runtime::Bytes),
        Type::Value => quote!(::wsgen_runtime::codegen::serde_json::Value),
        Type::Null => quote!(()),
        Type::List(item) => {
            let item = inner(item);
            quote!(Vec<#item>)
        }
        Type::Tuple(items) => match items.as_slice() {
            [only] => {
                let only = inner(only);
                quote!((#only,))
            }
            several => {
                let several = several.iter().map(inner);
                quote!((#(#several),*))
            }
        },
        Type::Map(value) => {
            let value = inner(value);
            quote!(::std::collections::BTreeMap<String, #value>)
        }
        Type::Optional(ty) => {
            let ty = inner(ty);
            quote!(Option<#ty>)
        }
        Type::Checked(ty, _) => inner(ty),
        Type::Boxed(ty) => {
            let ty = inner(ty);
            quote!(Box<#ty>)
        }
        Type::Named(id) => named(*id),
    }
}
