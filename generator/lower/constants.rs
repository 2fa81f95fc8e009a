//! Constants of objects that nothing would verify get a field.

use std::collections::{BTreeSet, HashSet};

use crate::model::{
    Constant, Definition, Dispatch, Field, Literal, Route, Traffic, Type, TypeDefinition, TypeId,
    Types,
};
use crate::naming::{Scope, value_name};

use super::schemas::{reserve, variants};

/// A constant has no field where each way to its type leads over a dispatch that has read it. Where a type is also
/// used in another way, its constant becomes an enumeration with one value, which is verified as any other.
pub(super) fn verify(types: &mut Types, names: &mut Scope, routes: &[Route], client: bool) {
    for id in unverified(types, routes, client) {
        let Definition::Struct { tag, .. } = &mut types.get_mut(id).definition else {
            continue;
        };
        if let Some(constant) = tag.take() {
            give_field(types, names, id, constant);
        }
    }
}

/// The types that are reached by something else than a dispatch on their constant, in order.
fn unverified(types: &Types, routes: &[Route], client: bool) -> BTreeSet<TypeId> {
    let mut found = BTreeSet::new();
    for (_, ty) in types.iter() {
        match &ty.definition {
            Definition::Union { variants, dispatch } => {
                let alternatives = variants.iter().map(|(_, ty)| ty);
                add_alternatives(types, dispatch, alternatives, &mut found);
            }
            definition => definition
                .parts()
                .for_each(|part| add_named(part, &mut found)),
        }
    }
    for route in routes {
        let Traffic::Typed(exchange) = &route.traffic else {
            continue;
        };
        // What is sent is decoded by the client alone, if there is one.
        for set in [&exchange.inbound]
            .into_iter()
            .chain(client.then_some(&exchange.outbound))
        {
            let alternatives = set.variants.iter().map(|variant| &variant.ty);
            add_alternatives(types, &set.dispatch, alternatives, &mut found);
        }
    }
    found
}

fn add_alternatives<'t>(
    types: &Types,
    dispatch: &Dispatch,
    alternatives: impl Iterator<Item = &'t Type>,
    found: &mut BTreeSet<TypeId>,
) {
    for (index, ty) in alternatives.enumerate() {
        if !is_verified(types, dispatch, index, ty) {
            add_named(ty, found);
        }
    }
}

/// Whether only the constant of its type leads to an alternative.
fn is_verified(types: &Types, dispatch: &Dispatch, index: usize, ty: &Type) -> bool {
    let (Type::Named(id), Some(tag)) = (ty, &dispatch.tag) else {
        return false;
    };
    let Definition::Struct {
        tag: Some(constant),
        ..
    } = &types.get(*id).definition
    else {
        return false;
    };
    let values: HashSet<&Literal> = tag
        .values
        .iter()
        .filter(|(_, target)| *target == index)
        .map(|(literal, _)| literal)
        .collect();
    *tag.path == [constant.name.as_str()]
        && values == HashSet::from([&Literal::String(constant.value.clone())])
}

fn add_named(ty: &Type, found: &mut BTreeSet<TypeId>) {
    match ty {
        Type::Named(id) => {
            found.insert(*id);
        }
        Type::List(inner)
        | Type::Map(inner)
        | Type::Optional(inner)
        | Type::Boxed(inner)
        | Type::Checked(inner, _) => add_named(inner, found),
        Type::Tuple(items) => items.iter().for_each(|item| add_named(item, found)),
        _ => {}
    }
}

/// Puts the constant of a struct before its other properties.
fn give_field(types: &mut Types, names: &mut Scope, id: TypeId, constant: Constant) {
    let name = format!("{} {}", types.get(id).name, constant.name);
    let place = types.get(id).place.clone();
    let enumeration = reserve(types, names, &name, place.clone());
    let value = Literal::String(constant.value);
    types.get_mut(enumeration).definition = Definition::Enumeration(variants(&[value.into()]));
    let TypeDefinition {
        definition: Definition::Struct { fields, .. },
        has_default,
        ..
    } = types.get_mut(id)
    else {
        return;
    };
    let taken: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    let field = Field {
        field: Scope::reserving(&taken).claim(&[&value_name(&constant.name)]),
        name: constant.name,
        ty: Type::Named(enumeration),
        optional: false,
        docs: None,
        deprecated: false,
        place,
    };
    fields.insert(0, field);
    *has_default = false;
}
