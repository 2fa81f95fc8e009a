//! How the values of one type stand to those of another.

use crate::model::{Definition, Integer, Literal, Type, TypeId, Types};

/// How the values of one thing stand to those of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// All that were, and more.
    Wider,
    /// Some of those that were.
    Narrower,
    /// Others.
    Other,
}

/// How the values of `new` stand to those of `old`.
pub(super) fn relation(old: &Type, old_types: &Types, new: &Type, new_types: &Types) -> Relation {
    if is_wider(new, new_types, old, old_types) {
        Relation::Wider
    } else if is_wider(old, old_types, new, new_types) {
        Relation::Narrower
    } else {
        Relation::Other
    }
}

/// Whether every value of `narrow` is one of `wide`.
fn is_wider(wide: &Type, wide_types: &Types, narrow: &Type, narrow_types: &Types) -> bool {
    let alternative = |id: &TypeId| match &wide_types.get(*id).definition {
        Definition::Union { variants, .. } => variants
            .iter()
            .any(|(_, ty)| describe(ty, wide_types) == describe(narrow, narrow_types)),
        _ => false,
    };
    match (wide, narrow) {
        (Type::Value, _) | (Type::Number, Type::Integer(_)) => true,
        (Type::Integer(wide), Type::Integer(narrow)) => matches!(
            (wide, narrow),
            (Integer::I64, Integer::I32 | Integer::U32) | (Integer::U64, Integer::U32)
        ),
        (Type::String, Type::Named(id)) => constants(*id, narrow_types, true),
        (Type::Integer(_), Type::Named(id)) => constants(*id, narrow_types, false),
        (Type::Named(id), _) => alternative(id),
        _ => false,
    }
}

/// Whether a type is an enumeration of strings, or else of integers.
fn constants(id: TypeId, types: &Types, strings: bool) -> bool {
    match &types.get(id).definition {
        Definition::Enumeration(variants) => variants
            .iter()
            .all(|variant| matches!(variant.value, Literal::String(_)) == strings),
        _ => false,
    }
}

/// What to call a type, for both sides: in the words of JSON, and by its name where it has one.
pub(super) fn describe(ty: &Type, types: &Types) -> String {
    match ty {
        Type::Boolean => "a boolean".to_owned(),
        Type::Integer(Integer::I32) => "a 32-bit integer".to_owned(),
        Type::Integer(Integer::U32) => "a 32-bit integer of 0 or more".to_owned(),
        Type::Integer(Integer::I64) => "an integer".to_owned(),
        Type::Integer(Integer::U64) => "an integer of 0 or more".to_owned(),
        Type::Number => "a number".to_owned(),
        Type::String => "a string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Value => "any value".to_owned(),
        Type::Null => "null".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Tuple(items) => format!("a list of {} items", items.len()),
        Type::Map(_) => "an object with any properties".to_owned(),
        Type::Optional(inner) | Type::Boxed(inner) | Type::Checked(inner, _) => {
            describe(inner, types)
        }
        Type::Named(id) => {
            let definition = types.get(*id);
            let article = match definition.definition {
                Definition::Struct { .. } => "the object",
                Definition::Enumeration(_) => "the enumeration",
                Definition::Union { .. } => "the union",
                Definition::Newtype(_) => "the type",
            };
            format!("{article} `{}`", definition.name)
        }
    }
}
