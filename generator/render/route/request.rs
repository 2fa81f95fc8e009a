//! The request that opens a connection, typed.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::markdown::quoted;
use crate::model::{Parameter, ParameterDefault, ParameterId, ParameterLocation, Route, Type};

use super::super::checks::closure;
use super::super::docs::docs;
use super::super::names::{ident, qualified};
use super::super::unit::{Import, Unit};

/// Renders the struct, and how a handshake becomes one.
pub(super) fn render(route: &Route, unit: &Unit<'_>) -> TokenStream {
    let fields = route.parameters.iter().map(|parameter| {
        let docs = docs(parameter.docs.as_deref());
        let name = ident(&parameter.field);
        let ty = qualified(&parameter.ty, unit);
        let certain = parameter.required || parameter.default.is_some();
        let ty = if certain { ty } else { quote!(Option<#ty>) };
        quote!(#docs pub #name: #ty,)
    });
    let principal = route.authenticated.then(|| {
        quote! {
            /// Who connects.
            pub principal: ::wsgen_runtime::Principal,
        }
    });
    let conversion = conversion(route, unit);
    let topic = topic(route);
    quote! {
        /// A client that wants to connect.
        #[derive(Clone, Debug)]
        pub struct Request {
            #(#fields)*
            #principal
            /// The request itself: headers, address of the peer, subprotocol.
            pub handshake: Handshake,
        }
        #conversion

        #topic
    }
}

/// The helper that names a topic by the parameters of the path, if there are any.
fn topic(route: &Route) -> Option<TokenStream> {
    let path = &route.path;
    let parameters = &route.path_parameters;
    let values = parameters.iter().map(|&index| name(route, index));
    let distinct: BTreeSet<&ParameterId> = parameters.iter().collect();
    let names = distinct.into_iter().map(|&index| name(route, index));
    let docs = docs([format!("The topic of everybody at the same {}.", quoted(path)).as_str()]);
    (!parameters.is_empty()).then(|| {
        quote! {
            #docs
            pub fn topic(#(#names: impl std::fmt::Display),*) -> String {
                codegen::topic(#path, &[#(&#values),*])
            }
        }
    })
}

fn name(route: &Route, parameter: ParameterId) -> Ident {
    ident(&route.parameters[parameter].field)
}

/// The conversion of a handshake into the request.
fn conversion(route: &Route, unit: &Unit<'_>) -> TokenStream {
    if !is_checked(route) {
        return quote! {
            impl From<Handshake> for Request {
                fn from(handshake: Handshake) -> Self {
                    Self { handshake }
                }
            }
        };
    }
    let parameters = route.parameters.iter();
    let fields = parameters.map(|parameter| read_parameter(parameter, unit));
    let principal = route
        .authenticated
        .then(|| quote!(principal: handshake.authenticated()?,));
    quote! {
        impl TryFrom<Handshake> for Request {
            type Error = Reject;

            fn try_from(handshake: Handshake) -> Result<Self, Reject> {
                Ok(Self { #(#fields)* #principal handshake })
            }
        }
    }
}

/// Whether a handshake can fail to be a request of the route.
pub(in crate::render) fn is_checked(route: &Route) -> bool {
    route.authenticated || !route.parameters.is_empty()
}

fn read_parameter(parameter: &Parameter, unit: &Unit<'_>) -> TokenStream {
    let field = ident(&parameter.field);
    let name = &parameter.name;
    let method = match (parameter.location, parameter.required) {
        (ParameterLocation::Path, _) => quote!(path),
        (ParameterLocation::Query, true) => quote!(required_query),
        (ParameterLocation::Query, false) => quote!(query),
        (ParameterLocation::Header, true) => quote!(required_header),
        (ParameterLocation::Header, false) => quote!(header),
    };
    let default = parameter.default.as_ref().map(|value| default(value, unit));
    let present = if parameter.required || default.is_some() {
        parameter.ty.clone()
    } else {
        Type::Optional(Box::new(parameter.ty.clone()))
    };
    match closure(&present, unit) {
        None => quote!(#field: handshake.#method(#name)? #default,),
        Some(check) => {
            unit.import(Import::Check);
            let ty = qualified(&parameter.ty, unit);
            let value = quote!(handshake.#method::<#ty>(#name)? #default);
            quote!(#field: check::parameter(#name, #value, #check)?,)
        }
    }
}

fn default(default: &ParameterDefault, unit: &Unit<'_>) -> TokenStream {
    match default {
        ParameterDefault::String(text) if text.is_empty() => quote!(.unwrap_or_default()),
        ParameterDefault::String(text) => quote!(.unwrap_or_else(|| #text.to_owned())),
        ParameterDefault::Boolean(value) => quote!(.unwrap_or(#value)),
        ParameterDefault::Integer(number) => {
            let number = Literal::i64_unsuffixed(*number);
            quote!(.unwrap_or(#number))
        }
        ParameterDefault::Number(number) => {
            let number = Literal::f64_unsuffixed(*number);
            quote!(.unwrap_or(#number))
        }
        ParameterDefault::Variant(id, variant) => {
            unit.import(Import::Messages);
            let name = ident(&unit.types.get(*id).name);
            let variant = ident(variant);
            quote!(.unwrap_or(messages::#name::#variant))
        }
    }
}
