//! Objects: structs where properties are declared, maps where they are not.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Node;
use crate::model::{Constant, Definition, Field, Type};
use crate::naming::{Scope, value_name};

use super::super::checks::constrain;
use super::super::facts::Facts;
use super::lowering::{Schemas, optional};
use super::subject::Subject;

impl<'a> Schemas<'a, '_> {
    pub(super) fn object(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let name = &subject.name;
        let empty = facts.closed && facts.patterns.is_empty();
        if facts.properties.is_empty() && !empty {
            let values = self.additional(facts, name, diagnostics);
            let map = Type::Map(Box::new(values.unwrap_or(Type::Value)));
            return constrain(map, facts, diagnostics);
        }
        let id = self.promised(subject);
        let definition = self.structure(facts, name, diagnostics);
        self.complete(id, subject, definition)
    }

    fn structure(
        &mut self,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Definition {
        // Where unknown properties are refused or kept, serde would do so with a constant that has no field.
        let open = !facts.closed && facts.additional.is_empty() && facts.patterns.is_empty();
        let mut constants = facts
            .properties
            .iter()
            .filter(|(name, _)| open && facts.required.contains(*name));
        let tag = constants.find_map(|(&name, schemas)| {
            let value = self.constant_text(schemas, diagnostics)?;
            Some(Constant {
                name: name.to_owned(),
                value,
            })
        });
        let mut scope = Scope::default();
        let mut fields = Vec::new();
        for (&property, schemas) in &facts.properties {
            let Some(first) = schemas.first() else {
                continue;
            };
            if tag.as_ref().is_some_and(|tag| tag.name == property) {
                continue;
            }
            let required = facts.required.contains(property);
            let ty = self.lower_all(schemas, &format!("{name} {property}"), diagnostics);
            fields.push(Field {
                place: first.key_location(),
                name: property.to_owned(),
                field: scope.claim(&[&value_name(property)]),
                ty: if required { ty } else { optional(ty) },
                optional: !required,
                docs: schemas
                    .iter()
                    .find_map(|schema| self.text(*schema, "description", diagnostics)),
                deprecated: schemas
                    .iter()
                    .any(|schema| schema.get("deprecated").and_then(Node::as_bool) == Some(true)),
            });
        }
        let additional = self.additional(facts, name, diagnostics);
        Definition::Struct {
            tag,
            fields,
            additional: additional.map(|ty| (scope.claim(&["additional"]), ty)),
            closed: facts.closed && facts.patterns.is_empty(),
        }
    }

    /// The type of properties that the schema does not list, where it says something of them.
    fn additional(
        &mut self,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<Type> {
        let name = format!("{name} value");
        match facts.patterns[..] {
            [] if facts.closed || facts.additional.is_empty() => None,
            [] => Some(self.lower_all(&facts.additional, &name, diagnostics)),
            [(_, schema)] if facts.closed => Some(self.lower(schema, &name, diagnostics)),
            ref several => {
                for (_, schema) in several {
                    diagnostics.note(
                        Code::UnsupportedSchema,
                        schema.key_location(),
                        "the values of properties with such a name are not checked: those with other names may be anything else",
                    ).help("with one pattern and `additionalProperties: false` they have a type");
                }
                Some(Type::Value)
            }
        }
    }
}
