//! The types of all payloads.

use std::iter;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{
    Constant, Definition, Dispatch, Field, Type, TypeDefinition, TypeId, Types, VariantId,
};
use crate::table::Table;

use super::checks;
use super::dispatch::{Branches, decode_part, select};
use super::docs::{docs, module_docs};
use super::enumerations;
use super::names::{SERDE, ident, local};
use super::pieces::Piece;
use super::unit::{Import, Unit};

/// Renders the module `messages`, each type in a piece of its own.
pub(super) fn render(types: &Types) -> Vec<Piece> {
    let unit = Unit::new(types);
    let header = module_docs(["What the messages carry."]);
    let definitions: Vec<TokenStream> = types.iter().map(|(id, _)| define(id, &unit)).collect();
    let imports = imports(&unit);
    let head = iter::once(quote!(#header #imports));
    head.chain(definitions).map(Piece::Items).collect()
}

/// What the definitions need.
fn imports(unit: &Unit<'_>) -> TokenStream {
    let decode_error = unit.imports(Import::DecodeError).then(|| {
        quote!(
            use wsgen_runtime::DecodeError;
        )
    });
    let mut names: Vec<TokenStream> = Vec::new();
    let paths = unit.imports(Import::Codegen);
    names.extend(paths.then(|| quote!(self)));
    names.extend(unit.imports(Import::Check).then(|| quote!(check)));
    let validated = unit.imports(Import::Validate);
    names.extend(validated.then(|| quote!(Validate, Violation)));
    let codegen = match names.as_slice() {
        [] => None,
        [_] if paths => Some(quote!(
            use wsgen_runtime::codegen;
        )),
        names => Some(quote!(use wsgen_runtime::codegen::{#(#names),*};)),
    };
    quote! {
        #decode_error
        #codegen
        use wsgen_runtime::codegen::serde::{Deserialize, Serialize};
    }
}

fn define(id: TypeId, unit: &Unit<'_>) -> TokenStream {
    let ty = unit.types.get(id);
    let docs = docs(ty.docs.iter().map(String::as_str));
    let validate = checks::validate(id, unit);
    let body = match &ty.definition {
        Definition::Struct { .. } => structure(ty, unit),
        Definition::Enumeration(variants) => {
            enumerations::define(ty, variants, unit.types.usage(id))
        }
        Definition::Union { variants, dispatch } => union(ty, variants, dispatch, unit),
        Definition::Newtype(inner) => newtype(ty, inner, unit),
    };
    quote!(#docs #body #validate)
}

fn structure(ty: &TypeDefinition, unit: &Unit<'_>) -> TokenStream {
    let Definition::Struct {
        tag,
        fields,
        additional,
        closed,
    } = &ty.definition
    else {
        return TokenStream::new();
    };
    let name = ident(&ty.name);
    let tag = tag
        .as_ref()
        .map(|Constant { name, value }| quote!(, tag = #name, rename = #value));
    let closed = closed.then(|| quote!(, deny_unknown_fields));
    let default = ty.definition.has_default().then(|| quote!(Default,));
    let fields = fields.iter().map(|field| field_tokens(field, unit));
    let additional = additional.as_ref().map(|(field, values)| {
        let field = ident(field);
        let values = local(values, unit);
        quote! {
            /// Properties that the document does not list.
            #[serde(flatten)]
            pub #field: ::std::collections::BTreeMap<String, #values>,
        }
    });
    quote! {
        #[derive(Clone, Debug, #default Deserialize, PartialEq, Serialize)]
        #[serde(crate = #SERDE #tag #closed)]
        pub struct #name {
            #(#fields)*
            #additional
        }
    }
}

fn field_tokens(field: &Field, unit: &Unit<'_>) -> TokenStream {
    let docs = docs(
        field
            .docs
            .as_deref()
            .into_iter()
            .chain(field.deprecated.then_some("Deprecated.")),
    );
    let name = ident(&field.field);
    let ty = local(&field.ty, unit);
    let rename = (field.field != field.name).then(|| {
        let wire = &field.name;
        quote!(rename = #wire)
    });
    let absent = match (&field.ty, field.optional) {
        (Type::Optional(_), true) => Some(quote!(default, skip_serializing_if = "Option::is_none")),
        (Type::Value, true) => Some(quote!(
            default,
            skip_serializing_if = "::wsgen_runtime::codegen::serde_json::Value::is_null"
        )),
        (Type::Null, true) => Some(quote!(default)),
        // The derive takes an absent `Option` for `None` unless it is told how to read it.
        (Type::Optional(_), false) => Some(quote!(deserialize_with = "Option::deserialize")),
        _ => None,
    };
    let settings: Vec<TokenStream> = rename.into_iter().chain(absent).collect();
    let attribute = (!settings.is_empty()).then(|| quote!(#[serde(#(#settings),*)]));
    quote!(#docs #attribute pub #name: #ty,)
}

fn union(
    ty: &TypeDefinition,
    variants: &Table<VariantId, (String, Type)>,
    dispatch: &Dispatch,
    unit: &Unit<'_>,
) -> TokenStream {
    let name = ident(&ty.name);
    let names = variants.map(|_, (name, _)| ident(name));
    let payloads = variants.iter().map(|(_, ty)| local(ty, unit));
    let undecoded = (!dispatch.ambiguous.is_empty()).then(|| {
        quote! {
            /// What nothing tells apart, as it came.
            Raw(::wsgen_runtime::codegen::serde_json::Value),
        }
    });
    let branches = Branches {
        decode: &|id| {
            let name = &names[id];
            decode_part(&quote!(Self::#name), unit)
        },
        raw: quote!(codegen::from_json(payload).map(Self::Raw)),
    };
    let select = select(dispatch, &branches, unit);
    let names = names.iter();
    quote! {
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(crate = #SERDE, untagged)]
        pub enum #name {
            #(#names(#payloads),)*
            #undecoded
        }
        impl<'de> Deserialize<'de> for #name {
            fn deserialize<D: ::wsgen_runtime::codegen::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                codegen::alternatives(deserializer, |payload| { #select })
            }
        }
    }
}

fn newtype(ty: &TypeDefinition, inner: &Type, unit: &Unit<'_>) -> TokenStream {
    let name = ident(&ty.name);
    let inner = local(inner, unit);
    quote! {
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(crate = #SERDE, transparent)]
        pub struct #name(pub #inner);
    }
}
