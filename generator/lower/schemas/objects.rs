//! Objects: structs where properties are declared, maps where they are not.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::Node;
use crate::model::{Constant, Definition, Field, Type};
use crate::naming::{Scope, distinct_names, value_name};

use super::super::checks::constrain;
use super::super::facts::{Facts, gather_all};
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
        let is_tag = |name: &str| tag.as_ref().is_some_and(|tag| tag.name == name);
        let kept = facts.properties.keys().copied();
        let kept: Vec<&str> = kept.filter(|name| !is_tag(name)).collect();
        let names = distinct_names(&kept, value_name);
        let names: HashMap<&str, String> = kept.into_iter().zip(names).collect();
        let mut fields = Vec::new();
        for (&property, schemas) in &facts.properties {
            let Some(first) = schemas.first() else {
                continue;
            };
            let Some(field) = names.get(property) else {
                continue;
            };
            let required = facts.required.contains(property);
            let ty = self.lower_all(schemas, &format!("{name} {property}"), diagnostics);
            fields.push(Field {
                place: first.key_location(),
                name: property.to_owned(),
                field: scope.claim(&[field]),
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
        self.report_absent(facts, diagnostics);
        let additional = self.additional(facts, name, diagnostics);
        Definition::Struct {
            tag,
            fields,
            additional: additional.map(|ty| (scope.claim(&["additional"]), ty)),
            closed: facts.closed && facts.patterns.is_empty(),
        }
    }

    /// Says what is lost of properties that may be absent: their defaults, and that null is something else than absence.
    fn report_absent(&self, facts: &Facts<'a>, diagnostics: &mut Diagnostics) {
        let absent = facts.properties.iter();
        let absent = absent.filter(|(name, _)| !facts.required.contains(*name));
        let mut defaults = Vec::new();
        let mut nullable = Vec::new();
        for (&name, schemas) in absent {
            let Some(&first) = schemas.first() else {
                continue;
            };
            let default = schemas.iter().find_map(|schema| schema.get("default"));
            if let Some(default) = default.filter(|default| !default.is_null()) {
                defaults.push((name, default.key_location()));
            } else if gather_all(schemas, self.resolver, diagnostics).nullable() {
                nullable.push((name, first.key_location()));
            }
        }
        if let [(_, place), ..] = &defaults[..] {
            let message = format!(
                "no default is filled in where a property is absent: {}",
                list(&defaults)
            );
            diagnostics
                .warning(Code::AbsentProperty, place.clone(), message)
                .help("the handler sees `None` and decides; list a property under `required` if it always comes");
        }
        if let [(_, place), ..] = &nullable[..] {
            let message = format!(
                "null and absence are the same to a handler, `None`: {}",
                list(&nullable)
            );
            diagnostics
                .warning(Code::AbsentProperty, place.clone(), message)
                .help("where the difference counts, say it by a property of its own; else allow only one of them");
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

/// The names of a few properties.
fn list(properties: &[(&str, Location)]) -> String {
    const MOST: usize = 4;
    let names = properties.iter().take(MOST);
    let names: Vec<String> = names.map(|(name, _)| format!("`{name}`")).collect();
    match properties.len().saturating_sub(MOST) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
