//! The rules of a schema as code: they run when a message has been parsed.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use crate::model::{Bound, Check, Definition, Format, Type, TypeId};

use super::names::ident;
use super::unit::{Import, Unit};

/// Renders `Validate` for a type that has rules.
pub(super) fn validate(id: TypeId, unit: &Unit<'_>) -> Option<TokenStream> {
    if !unit.types.usage(id).validated {
        return None;
    }
    unit.import(Import::Validate);
    let ty = unit.types.get(id);
    let name = ident(&ty.name);
    let body = match &ty.definition {
        Definition::Struct {
            fields, additional, ..
        } => {
            let properties = fields.iter().flat_map(|field| {
                let name = &field.name;
                let place = ident(&field.field);
                outcomes(&field.ty, &quote!(self.#place), &quote!(&self.#place), unit)
                    .into_iter()
                    .map(move |outcome| {
                        unit.import(Import::Check);
                        quote!(check::at(#name, #outcome))
                    })
            });
            let entries = additional.iter().filter_map(|(field, ty)| {
                let place = ident(field);
                let check = closure(ty, unit)?;
                unit.import(Import::Check);
                // Each entry is a property of the object: the map itself is none.
                Some(quote!(check::each_value(&self.#place, #check)))
            });
            all(&properties.chain(entries).collect::<Vec<_>>())
        }
        Definition::Union { variants, dispatch } => {
            let mut arms: Vec<TokenStream> = Vec::new();
            for (variant, ty) in variants {
                let variant = ident(variant);
                let checks = outcomes(ty, &quote!(value), &quote!(value), unit);
                if !checks.is_empty() {
                    let body = all(&checks);
                    arms.push(quote!(Self::#variant(value) => { #body }));
                }
            }
            let rest = arms.len() < variants.len() || !dispatch.ambiguous.is_empty();
            let otherwise = rest.then(|| quote!(_ => Ok(()),));
            quote!(match self { #(#arms)* #otherwise })
        }
        Definition::Newtype(ty) => all(&outcomes(ty, &quote!(self.0), &quote!(&self.0), unit)),
        Definition::Enumeration(_) => quote!(Ok(())),
    };
    Some(quote! {
        impl Validate for #name {
            fn validate(&self) -> Result<(), Violation> {
                #body
            }
        }
    })
}

/// A closure that checks a value of a type by reference; `None` where there is nothing to check.
pub(super) fn closure(ty: &Type, unit: &Unit<'_>) -> Option<TokenStream> {
    let checks = outcomes(ty, &quote!(value), &quote!(value), unit);
    (!checks.is_empty()).then(|| over(&checks))
}

/// Expressions that check a value: `place` is the value, `reference` a reference to it.
fn outcomes(
    ty: &Type,
    place: &TokenStream,
    reference: &TokenStream,
    unit: &Unit<'_>,
) -> Vec<TokenStream> {
    let nested = |inner: &Type, function: TokenStream| -> Vec<TokenStream> {
        closure(inner, unit)
            .map(|check| {
                unit.import(Import::Check);
                quote!(check::#function(#reference, #check))
            })
            .into_iter()
            .collect()
    };
    match ty {
        Type::Checked(inner, checks) => {
            unit.import(Import::Check);
            let own = checks.iter().map(|check| outcome(check, place, reference));
            own.chain(outcomes(inner, place, reference, unit)).collect()
        }
        Type::Optional(inner) => nested(inner, quote!(present)),
        Type::List(inner) => nested(inner, quote!(each)),
        Type::Map(inner) => nested(inner, quote!(each_value)),
        Type::Boxed(inner) => outcomes(inner, place, reference, unit),
        Type::Tuple(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| {
                let position = Literal::usize_unsuffixed(index);
                let name = index.to_string();
                let checks = outcomes(
                    item,
                    &quote!(#place.#position),
                    &quote!(&#place.#position),
                    unit,
                );
                checks.into_iter().map(move |check| {
                    unit.import(Import::Check);
                    quote!(check::at(#name, #check))
                })
            })
            .collect(),
        Type::Named(id) if unit.types.usage(*id).validated => {
            unit.import(Import::Validate);
            vec![quote!(#place.validate())]
        }
        _ => Vec::new(),
    }
}

fn outcome(check: &Check, place: &TokenStream, reference: &TokenStream) -> TokenStream {
    match check {
        Check::Minimum(bound) => compare("minimum", reference, *bound),
        Check::Maximum(bound) => compare("maximum", reference, *bound),
        Check::ExclusiveMinimum(bound) => compare("exclusive_minimum", reference, *bound),
        Check::ExclusiveMaximum(bound) => compare("exclusive_maximum", reference, *bound),
        Check::MultipleOf(bound) => compare("multiple_of", reference, *bound),
        Check::MinLength(bound) => count("min_length", reference, *bound),
        Check::MaxLength(bound) => count("max_length", reference, *bound),
        Check::MinItems(bound) => count("min_items", reference, *bound),
        Check::MaxItems(bound) => count("max_items", reference, *bound),
        Check::MinProperties(bound) => count("min_properties", &quote!(#place.len()), *bound),
        Check::MaxProperties(bound) => count("max_properties", &quote!(#place.len()), *bound),
        Check::Keys(checks) => {
            let key = quote!(key);
            let checks: Vec<_> = checks
                .iter()
                .map(|check| outcome(check, &key, &key))
                .collect();
            let body = block(&checks);
            quote!(check::each_key(#reference, |key| #body))
        }
        Check::Unique => quote!(check::unique(#reference)),
        Check::Format(format) => {
            let format = format_ident!("{}", format_name(*format));
            quote!(check::format(#reference, check::Format::#format))
        }
        Check::Pattern(pattern) => quote!(check::pattern!(#reference, #pattern)),
    }
}

fn compare(function: &str, reference: &TokenStream, bound: Bound) -> TokenStream {
    let function = format_ident!("{function}");
    let bound = match bound {
        Bound::Integer(number) => Literal::i64_unsuffixed(number),
        Bound::Number(number) => Literal::f64_unsuffixed(number),
    };
    quote!(check::#function(#reference, #bound))
}

fn count(function: &str, reference: &TokenStream, bound: u64) -> TokenStream {
    let function = format_ident!("{function}");
    let bound = Literal::u64_unsuffixed(bound);
    quote!(check::#function(#reference, #bound))
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::DateTime => "DateTime",
        Format::Date => "Date",
        Format::Time => "Time",
        Format::Uuid => "Uuid",
        Format::Email => "Email",
        Format::Ipv4 => "Ipv4",
        Format::Ipv6 => "Ipv6",
        Format::Uri => "Uri",
    }
}

/// All checks one after the other; the last one is the result.
fn all(checks: &[TokenStream]) -> TokenStream {
    match checks {
        [] => quote!(Ok(())),
        [first @ .., last] => quote!(#(#first?;)* #last),
    }
}

fn over(checks: &[TokenStream]) -> TokenStream {
    let body = block(checks);
    quote!(|value| #body)
}

/// All checks as one expression.
fn block(checks: &[TokenStream]) -> TokenStream {
    match checks {
        [only] => only.clone(),
        several => {
            let body = all(several);
            quote!({ #body })
        }
    }
}
