//! Constants of objects that nothing would verify get a field.

use std::collections::{BTreeSet, HashSet};

use crate::model::{
    Constant, Definition, Definitions, Dispatch, Evidence, Field, Literal, RouteId, TagValue, Type,
    TypeDefinition, TypeId, VariantId,
};
use crate::naming::{Scope, value_name};
use crate::table::Table;

use super::context::Context;
use super::dispatch::Dispatches;
use super::names::claim_payload;
use super::schemas::variants;
use super::types::Uses;

/// A constant has no field where each way to its type leads over a dispatch that has read it. Where a type is also
/// used in another way, its constant becomes an enumeration with one value, which is verified as any other.
pub(super) fn verify(
    cx: &mut Context<'_, '_>,
    mut definitions: Definitions,
    uses: &Table<RouteId, Uses>,
    dispatch: &Table<RouteId, Dispatches>,
) -> Definitions {
    for id in unverified(&definitions, uses, dispatch, cx.options.client) {
        let Definition::Struct { tag, .. } = &mut definitions[id].definition else {
            continue;
        };
        if let Some(constant) = tag.take() {
            give_field(&mut definitions, &mut cx.type_names, id, constant);
        }
    }
    definitions
}

/// The types that are reached by something else than a dispatch on their constant, in order.
fn unverified(
    definitions: &Definitions,
    uses: &Table<RouteId, Uses>,
    dispatch: &Table<RouteId, Dispatches>,
    client: bool,
) -> BTreeSet<TypeId> {
    let mut found = BTreeSet::new();
    for ty in definitions {
        match &ty.definition {
            Definition::Union { variants, dispatch } => {
                let alternatives = variants.map(|_, (_, ty)| ty);
                add_alternatives(definitions, dispatch, &alternatives, &mut found);
            }
            definition => definition
                .parts()
                .for_each(|part| add_named(part, &mut found)),
        }
    }
    for (route, uses) in uses.entries() {
        let told = &dispatch[route];
        let inbound = uses.inbound.map(|_, ty| ty);
        add_alternatives(definitions, &told.inbound.dispatch, &inbound, &mut found);
        // What is sent is decoded by the client alone, if there is one.
        if client {
            let outbound = uses.outbound.map(|_, ty| ty);
            add_alternatives(definitions, &told.outbound.dispatch, &outbound, &mut found);
        }
    }
    found
}

fn add_alternatives(
    definitions: &Definitions,
    dispatch: &Dispatch,
    alternatives: &Table<VariantId, &Type>,
    found: &mut BTreeSet<TypeId>,
) {
    for (id, ty) in alternatives.entries() {
        if !is_verified(definitions, dispatch, id, ty) {
            add_named(ty, found);
        }
    }
}

/// Whether only the constant of its type leads to an alternative.
fn is_verified(
    definitions: &Definitions,
    dispatch: &Dispatch,
    variant: VariantId,
    ty: &Type,
) -> bool {
    let (Type::Named(id), Some(tag)) = (ty, &dispatch.tag) else {
        return false;
    };
    let Definition::Struct {
        tag: Some(constant),
        ..
    } = &definitions[*id].definition
    else {
        return false;
    };
    let values: HashSet<&TagValue> = tag
        .values
        .iter()
        .filter(|(_, target)| *target == variant)
        .map(|(literal, _)| literal)
        .collect();
    *tag.path == [constant.name.as_str()]
        && tag.evidence <= Evidence::Schema
        && values == HashSet::from([&TagValue::String(constant.value.clone())])
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
fn give_field(definitions: &mut Definitions, names: &mut Scope, id: TypeId, constant: Constant) {
    let TypeDefinition { name, place, .. } = &definitions[id];
    let place = place.clone();
    let value = Literal::String(constant.value);
    let enumeration = TypeDefinition {
        place: place.clone(),
        name: claim_payload(names, &format!("{name} {}", constant.name)),
        docs: Vec::new(),
        definition: Definition::Enumeration(variants(&[value.into()])),
    };
    let enumeration = definitions.push(enumeration);
    let Definition::Struct { fields, .. } = &mut definitions[id].definition else {
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
}
