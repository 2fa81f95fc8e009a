//! What a schema says that is neither in its type nor checked: it is said where it stands.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Node;
use crate::model::{Definition, Type};

use super::drafts::Drafts;
use super::facts::Facts;

/// Says that a keyword is neither in the type nor checked.
pub(super) fn unexpressed(keyword: &str, value: Node<'_>, diagnostics: &mut Diagnostics) {
    diagnostics.warning(
        Code::UnsupportedSchema,
        value.key_location(),
        format!("`{keyword}` is not checked: the handler sees values that it would refuse"),
    );
}

/// Notes what `facts` have beyond `ty`, which was made of them.
pub(super) fn note_unexpressed(
    facts: &Facts<'_>,
    ty: &Type,
    types: &Drafts,
    diagnostics: &mut Diagnostics,
) {
    for &(keyword, value) in &facts.unexpressed {
        unexpressed(keyword, value, diagnostics);
    }
    for &(keyword, value) in &facts.rules {
        if !holds(keyword, value, facts, ty, types) {
            unexpressed(keyword, value, diagnostics);
        }
    }
    for &(name, place) in &facts.required_at {
        let declared = facts.properties.contains_key(name);
        if !declared && is_object(ty, types) {
            unexpressed("required", place, diagnostics);
        }
    }
}

/// Whether a rule is checked, follows from the type, or says nothing of such values.
fn holds(keyword: &str, value: Node<'_>, facts: &Facts<'_>, ty: &Type, types: &Drafts) -> bool {
    let bound = || value.as_u64().and_then(|bound| usize::try_from(bound).ok());
    match ty.unchecked() {
        // An unknown format is an annotation, and so is one of any value.
        Type::Value => keyword == "format",
        Type::Tuple(_) => keyword != "uniqueItems" || value.as_bool() != Some(true),
        // Draft 4 says by a boolean that the bound itself is excluded.
        Type::Integer(_) | Type::Number => {
            !keyword.starts_with("exclusive") || value.as_bool() != Some(true)
        }
        Type::Named(id) => match types.definition(*id) {
            Definition::Struct { closed, .. } => match keyword {
                "minProperties" => bound().is_some_and(|least| {
                    let there = |name: &&&str| facts.required.contains(**name);
                    least <= facts.properties.keys().filter(there).count()
                }),
                "maxProperties" => {
                    *closed && bound().is_some_and(|most| most >= facts.properties.len())
                }
                "propertyNames" => false,
                _ => true,
            },
            // Alternatives that nothing tells apart: what holds beside them is in none of them.
            Definition::Newtype(Type::Value) => facts.choices.is_empty(),
            _ => true,
        },
        _ => true,
    }
}

fn is_object(ty: &Type, types: &Drafts) -> bool {
    match ty.unchecked() {
        Type::Map(_) => true,
        Type::Named(id) => matches!(types.definition(*id), Definition::Struct { .. }),
        _ => false,
    }
}
