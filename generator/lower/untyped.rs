//! Values that stay any JSON, and whether it is the document that says no more.

use crate::document::Node;
use crate::model::{Definition, Type, Untyped};

use super::drafts::Drafts;
use super::facts::Facts;

/// What a schema leaves open, seen before it is lowered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    about_value: bool,
    about_items: bool,
    about_properties: bool,
    has_items: bool,
    has_properties: bool,
}

impl Silence {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let has_items = !facts.items.is_empty();
        let has_properties = !facts.additional.is_empty() || facts.closed;
        Self {
            about_value: facts.json_kinds().is_empty()
                && facts.choices.is_empty()
                && facts.unexpressed.is_empty(),
            about_items: !has_items && facts.positions.is_empty(),
            about_properties: !has_properties
                && facts.patterns.is_empty()
                && facts.choices.is_empty(),
            has_items,
            has_properties,
        }
    }

    /// What is to say of `schema`, which became `ty`; `None` where it is typed, or what it holds is spoken of on its own.
    pub(super) fn untyped(self, schema: Node<'_>, ty: &Type, types: &Drafts) -> Option<Untyped> {
        let says_nothing = match required(ty) {
            Type::Value => self.about_value,
            Type::Named(id) => {
                if !matches!(types.definition(*id), Definition::Newtype(Type::Value)) {
                    return None;
                }
                false
            }
            Type::List(items) if **items == Type::Value && !self.has_items => self.about_items,
            Type::Map(values) if **values == Type::Value && !self.has_properties => {
                self.about_properties
            }
            _ => return None,
        };
        Some(Untyped {
            location: schema.location(),
            says_nothing,
        })
    }
}

/// The type without rules and without `Option`.
fn required(ty: &Type) -> &Type {
    match ty.unchecked() {
        Type::Optional(inner) => required(inner),
        ty => ty,
    }
}
