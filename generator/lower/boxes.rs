//! Breaks cycles of types that contain themselves by a `Box`.

use crate::model::{Definition, Type, TypeId, Types};

/// Boxes every use of a type by which it would contain itself; uses inside lists and maps need none.
pub(super) fn break_cycles(types: &mut Types) {
    let ids: Vec<TypeId> = types.ids().collect();
    let mut visits = vec![Visit::New; ids.len()];
    let mut back_edges = Vec::new();
    for &id in &ids {
        walk(types, id, &mut visits, &mut back_edges);
    }
    for (from, to) in back_edges {
        for ty in contained_mut(&mut types.get_mut(from).definition) {
            wrap(ty, to);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Closed,
}

/// Depth first, with a stack of its own: documents decide how deep it goes.
fn walk(
    types: &Types,
    start: TypeId,
    visits: &mut [Visit],
    back_edges: &mut Vec<(TypeId, TypeId)>,
) {
    let mut stack = vec![(start, false)];
    while let Some((id, leave)) = stack.pop() {
        if leave {
            visits[id.index()] = Visit::Closed;
            continue;
        }
        if visits[id.index()] != Visit::New {
            continue;
        }
        visits[id.index()] = Visit::Open;
        stack.push((id, true));
        for next in held(&types.get(id).definition) {
            match visits[next.index()] {
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
