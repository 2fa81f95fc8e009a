//! Enumerations of constants.

use proc_macro2::{Literal as LiteralToken, TokenStream};
use quote::quote;

use crate::model::{Literal, TypeDefinition, Usage, VariantOfEnumeration};

use super::docs::docs;
use super::names::{SERDE, ident};

/// Renders an enumeration by what serde knows of its values.
pub(super) fn define(
    ty: &TypeDefinition,
    variants: &[VariantOfEnumeration],
    usage: Usage,
) -> TokenStream {
    let is_string = |variant: &VariantOfEnumeration| matches!(variant.value, Literal::String(_));
    let body = if variants.iter().all(is_string) {
        strings(ty, variants)
    } else if variants.iter().any(is_string) {
        mixed(ty, variants)
    } else {
        integers(ty, variants)
    };
    let parameter = usage.parameter.then(|| parameter(ty, variants));
    quote!(#body #parameter)
}

fn strings(ty: &TypeDefinition, variants: &[VariantOfEnumeration]) -> TokenStream {
    let name = ident(&ty.name);
    let entries = variants.iter().map(|variant| {
        let name = ident(&variant.name);
        let rename = match &variant.value {
            Literal::String(value) if *value != variant.name => {
                Some(quote!(#[serde(rename = #value)]))
            }
            _ => None,
        };
        let docs = described(variant);
        quote!(#docs #rename #name,)
    });
    quote! {
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
        #[serde(crate = #SERDE)]
        pub enum #name {
            #(#entries)*
        }
    }
}

/// An enumeration of integers: they are its discriminants.
fn integers(ty: &TypeDefinition, variants: &[VariantOfEnumeration]) -> TokenStream {
    let name = ident(&ty.name);
    let names: Vec<_> = variants
        .iter()
        .map(|variant| ident(&variant.name))
        .collect();
    let values: Vec<_> = variants
        .iter()
        .map(|variant| literal(&variant.value))
        .collect();
    let docs = variants.iter().map(described);
    let expected = format!("{{number}} is none of {}", join(variants));
    quote! {
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
        #[serde(crate = #SERDE, try_from = "i64", into = "i64")]
        #[repr(i64)]
        pub enum #name {
            #(#docs #names = #values,)*
        }
        impl From<#name> for i64 {
            fn from(value: #name) -> Self {
                value as Self
            }
        }
        impl TryFrom<i64> for #name {
            type Error = String;

            fn try_from(number: i64) -> Result<Self, String> {
                match number {
                    #(#values => Ok(Self::#names),)*
                    _ => Err(format!(#expected)),
                }
            }
        }
    }
}

/// An enumeration of strings and integers: serde's derive knows only names.
fn mixed(ty: &TypeDefinition, variants: &[VariantOfEnumeration]) -> TokenStream {
    let name = ident(&ty.name);
    let names: Vec<_> = variants
        .iter()
        .map(|variant| ident(&variant.name))
        .collect();
    let serialize = variants.iter().zip(&names).map(|(variant, name)| {
        let value = literal(&variant.value);
        let method = match variant.value {
            Literal::String(_) => quote!(serialize_str),
            Literal::Integer(_) => quote!(serialize_i64),
        };
        quote!(Self::#name => serializer.#method(#value),)
    });
    let deserialize = variants.iter().zip(&names).map(|(variant, name)| {
        let value = literal(&variant.value);
        match variant.value {
            Literal::String(_) => quote!(Value::String(text) if text == #value => Ok(Self::#name),),
            Literal::Integer(_) => {
                quote!(Value::Number(number) if number.as_i64() == Some(#value) => Ok(Self::#name),)
            }
        }
    });
    let docs = variants.iter().map(described);
    let expected = format!("{{other}} is none of {}", join(variants));
    quote! {
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum #name {
            #(#docs #names,)*
        }
        impl Serialize for #name {
            fn serialize<S: ::wsgen_runtime::codegen::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    #(#serialize)*
                }
            }
        }
        impl<'de> Deserialize<'de> for #name {
            fn deserialize<D: ::wsgen_runtime::codegen::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use wsgen_runtime::codegen::serde::de::Error;
                use wsgen_runtime::codegen::serde_json::Value;

                match Value::deserialize(deserializer)? {
                    #(#deserialize)*
                    other => Err(D::Error::custom(format!(#expected))),
                }
            }
        }
    }
}

fn described(variant: &VariantOfEnumeration) -> TokenStream {
    docs(variant.docs.iter().map(String::as_str))
}

/// How an enumeration is read from a path, a query or a header.
fn parameter(ty: &TypeDefinition, variants: &[VariantOfEnumeration]) -> TokenStream {
    let name = ident(&ty.name);
    let texts = variants.iter().map(|variant| text_of(&variant.value));
    let names = variants.iter().map(|variant| ident(&variant.name));
    let expected = format!(
        "one of {} is expected",
        texts.clone().collect::<Vec<_>>().join(", ")
    );
    quote! {
        impl ::wsgen_runtime::codegen::Parameter for #name {
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    #(#texts => Ok(Self::#names),)*
                    _ => Err(#expected.to_owned()),
                }
            }
        }
    }
}

/// The values for a message to people, fit for a format string.
fn join(variants: &[VariantOfEnumeration]) -> String {
    let values: Vec<String> = variants
        .iter()
        .map(|variant| text_of(&variant.value))
        .collect();
    values.join(", ").replace('{', "{{").replace('}', "}}")
}

fn literal(literal: &Literal) -> TokenStream {
    match literal {
        Literal::String(text) => quote!(#text),
        Literal::Integer(number) => {
            let number = LiteralToken::i64_unsuffixed(*number);
            quote!(#number)
        }
    }
}

fn text_of(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => text.clone(),
        Literal::Integer(number) => number.to_string(),
    }
}
