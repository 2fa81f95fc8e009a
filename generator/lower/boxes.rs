//! Breaks cycles of types that contain themselves by a `Box`.

use crate::model::{Definition, Definitions, Type, TypeId};
use crate::table::Table;

/// Boxes every use of a type by which it would contain itself; uses inside lists and maps need none.
pub(super) fn break_cycles(mut definitions: Definitions) -> Definitions {
    let mut visits = definitions.map(|_, _| Visit::New);
    let mut back_edges = Vec::new();
    for id in definitions.ids() {
        walk(&definitions, id, &mut visits, &mut back_edges);
    }
    for (from, to) in back_edges {
        for ty in contained_mut(&mut definitions[from].definition) {
            wrap(ty, to);
        }
    }
    definitions
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Closed,
}

/// Depth first, with a stack of its own: documents decide how deep it goes.
fn walk(
    definitions: &Definitions,
    start: TypeId,
    visits: &mut Table<TypeId, Visit>,
    back_edges: &mut Vec<(TypeId, TypeId)>,
) {
    let mut stack = vec![(start, false)];
    while let Some((id, leave)) = stack.pop() {
        if leave {
            visits[id] = Visit::Closed;
            continue;
        }
        if visits[id] != Visit::New {
            continue;
        }
        visits[id] = Visit::Open;
        stack.push((id, true));
        for next in held(&definitions[id].definition) {
            match visits[next] {
                Visit::New => stack.push((next, false)),
                Visit::Open => back_edges.push((id, next)),
                Visit::Closed => {}
            }
        }
    }
}

/// The types that a definition holds in place.
fn held(definition: &Definition) -> Vec<TypeId> {
    let mut found = Vec::new();
    let mut pending: Vec<&Type> = match definition {
        Definition::Struct { fields, .. } => fields.iter().map(|field| &field.ty).collect(),
        Definition::Union { variants, .. } => variants.iter().map(|(_, ty)| ty).collect(),
        Definition::Newtype(ty) => vec![ty],
        Definition::Enumeration(_) => Vec::new(),
    };
    while let Some(ty) = pending.pop() {
        match ty {
            Type::Named(id) => found.push(*id),
            Type::Optional(inner) | Type::Checked(inner, _) => pending.push(inner),
            Type::Tuple(items) => pending.extend(items),
            _ => {}
        }
    }
    found
}

fn contained_mut(definition: &mut Definition) -> Vec<&mut Type> {
    match definition {
        Definition::Struct { fields, .. } => fields.iter_mut().map(|field| &mut field.ty).collect(),
        Definition::Union { variants, .. } => variants.iter_mut().map(|(_, ty)| ty).collect(),
        Definition::Newtype(ty) => vec![ty],
        Definition::Enumeration(_) => Vec::new(),
    }
}

fn wrap(ty: &mut Type, boxed: TypeId) {
    match ty {
        Type::Named(id) if *id == boxed => *ty = Type::Boxed(Box::new(Type::Named(boxed))),
        Type::Optional(inner) | Type::Checked(inner, _) => wrap(inner, boxed),
        Type::Tuple(items) => items.iter_mut().for_each(|item| wrap(item, boxed)),
        _ => {}
    }
}
