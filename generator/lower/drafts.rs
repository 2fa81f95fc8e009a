//! Types while schemas are lowered: a schema that comes upon itself is promised a type before it has one.

use crate::diagnostic::Location;
use crate::model::{Definition, Definitions, Type, TypeDefinition, TypeId};
use crate::table::Table;

/// Types of which some are only promised.
#[derive(Default)]
pub(super) struct Drafts(Table<TypeId, Draft>);

struct Draft {
    place: Location,
    name: String,
    /// What it is, with what the document says about it; `None` while it is only promised.
    meaning: Option<(Definition, Vec<String>)>,
}

impl Drafts {
    /// Promises a type of this name.
    pub(super) fn promise(&mut self, name: String, place: Location) -> TypeId {
        self.0.push(Draft {
            place,
            name,
            meaning: None,
        })
    }

    /// Says what a type is that was promised.
    pub(super) fn define(&mut self, id: TypeId, definition: Definition, docs: Vec<String>) {
        self.0[id].meaning = Some((definition, docs));
    }

    /// What a type is; any value while it is only promised.
    pub(super) fn definition(&self, id: TypeId) -> &Definition {
        static ANYTHING: Definition = Definition::Newtype(Type::Value);
        match &self.0[id].meaning {
            Some((definition, _)) => definition,
            None => &ANYTHING,
        }
    }

    /// All types; a schema that leads to nothing but itself allows any value.
    pub(super) fn finish(self) -> Definitions {
        let finished = self.0.into_iter().map(|draft| {
            let anything = || (Definition::Newtype(Type::Value), Vec::new());
            let (definition, docs) = draft.meaning.unwrap_or_else(anything);
            TypeDefinition {
                place: draft.place,
                name: draft.name,
                docs,
                definition,
            }
        });
        finished.collect()
    }
}
