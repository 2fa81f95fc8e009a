//! `oneOf`, `anyOf` and `type` with several names: one type for each alternative, and the way to the right one.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Node;
use crate::model::{Definition, Dispatch, JsonKind, Literal, Shape, Type};
use crate::naming::{Scope, type_name};

use super::super::checks::constrain;
use super::super::dispatch::{Discriminator, choose, profile};
use super::super::facts::{Facts, gather};
use super::{Schemas, scalar};

impl<'a> Schemas<'a, '_> {
    /// `oneOf` or `anyOf`, each alternative together with what holds beside it.
    pub(super) fn union(
        &mut self,
        schema: Node<'a>,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if let [only] = facts.alternatives[..] {
            if facts.says_only_alternatives() {
                return self.lower(only, name, diagnostics);
            }
            return self.alternative(only, facts, name, diagnostics).1;
        }
        let id = self.promised(schema, name);
        let mut scope = Scope::reserving(&["Raw"]);
        let mut variants = Vec::new();
        let mut profiles = Vec::new();
        for (position, &alternative) in facts.alternatives.clone().iter().enumerate() {
            let label = self.alternative_name(alternative, position, diagnostics);
            let (all, ty) =
                self.alternative(alternative, facts, &format!("{name} {label}"), diagnostics);
            profiles.push(profile(&all, self.resolver, diagnostics));
            variants.push((scope.claim(&[&type_name(&label)]), ty));
        }
        let names: Vec<&str> = variants.iter().map(|(name, _)| name.as_str()).collect();
        let discriminator = self.discriminator(facts);
        let dispatch = choose(&profiles, &names, discriminator.as_ref());
        if let [first, second, ..] = dispatch.ambiguous[..] {
            diagnostics
                .warning(Code::AmbiguousMessages, facts.alternatives[first].location(), format!("nothing tells `{}` from `{}`", names[first], names[second]))
                .help("give each a property with a `const`, or name one by `discriminator`; until then the value is passed on as it is")
                .related(facts.alternatives[second].location(), "the other alternative");
        }
        if dispatch.ambiguous.len() == variants.len() {
            self.complete(id, schema, Definition::Newtype(Type::Value));
            return Type::Named(id);
        }
        self.complete(id, schema, Definition::Union { variants, dispatch })
    }

    /// One alternative: a schema of its own, or one more layer on what holds beside it.
    fn alternative(
        &mut self,
        alternative: Node<'a>,
        beside: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> (Facts<'a>, Type) {
        if beside.says_only_alternatives() {
            let facts = gather(alternative, self.resolver, diagnostics);
            return (facts, self.lower(alternative, name, diagnostics));
        }
        let mut all = beside.clone();
        all.alternatives.clear();
        all.discriminator = None;
        all.add(alternative, self.resolver, diagnostics);
        let ty = self.lower_present(alternative, all.clone(), name, diagnostics);
        (all, ty)
    }

    fn alternative_name(
        &self,
        alternative: Node<'a>,
        position: usize,
        diagnostics: &mut Diagnostics,
    ) -> String {
        if let Some(name) = self.resolver.reference_name(alternative) {
            return name.to_owned();
        }
        if let Some(title) = self.text(alternative, "title", diagnostics) {
            return title;
        }
        let facts = gather(alternative, self.resolver, diagnostics);
        let constant = facts
            .properties
            .values()
            .find_map(|schemas| self.constant_text(schemas, diagnostics));
        // `{"Hello": {…}}`: an alternative that is known by its only required key.
        let mut required = facts.required.iter();
        let only_key = required.next().filter(|_| required.next().is_none());
        match (constant, only_key, facts.json_kinds().first()) {
            (Some(constant), ..) => constant,
            (None, Some(key), _) => (*key).to_owned(),
            (None, None, Some(kind)) if facts.properties.is_empty() => kind_name(*kind).to_owned(),
            _ => format!("alternative {}", position + 1),
        }
    }

    fn discriminator(&self, facts: &Facts<'a>) -> Option<Discriminator> {
        let (property, mapping) = facts.discriminator?;
        let mapped = |name: Option<&str>| {
            let target = name?;
            mapping?
                .entries()
                .find(|(_, to)| {
                    to.as_str()
                        .is_some_and(|to| to == target || to.rsplit('/').next() == Some(target))
                })
                .map(|(value, _)| value)
        };
        let values = facts.alternatives.iter().map(|alternative| {
            let name = self.resolver.reference_name(*alternative);
            mapped(name)
                .or(name)
                .map(|value| Literal::String(value.to_owned()))
        });
        Some(Discriminator {
            property: property.to_owned(),
            values: values.collect(),
        })
    }

    /// `type` with several names: one variant for each.
    pub(super) fn union_of_kinds(
        &mut self,
        schema: Node<'a>,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let id = self.promised(schema, name);
        let mut variants = Vec::new();
        let mut shapes = Vec::new();
        for kind in facts.json_kinds() {
            if kind == JsonKind::Null {
                continue;
            }
            let mut one = facts.clone();
            one.kinds = [kind].into();
            let ty = match kind {
                JsonKind::Object => self.object_of_union(schema, &one, name, diagnostics),
                JsonKind::Array => self.array(&one, name, diagnostics),
                kind => constrain(scalar(kind, &one), &one, diagnostics),
            };
            shapes.push((Shape::Kinds(vec![kind]), variants.len()));
            variants.push((type_name(kind_name(kind)), ty));
        }
        let dispatch = Dispatch {
            shapes,
            ..Default::default()
        };
        self.complete(id, schema, Definition::Union { variants, dispatch })
    }

    fn object_of_union(
        &mut self,
        schema: Node<'a>,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if facts.properties.is_empty() {
            return constrain(Type::Map(Box::new(Type::Value)), facts, diagnostics);
        }
        let name = format!("{name} object");
        let id = self.define(&name, schema);
        let definition = self.structure(facts, &name, diagnostics);
        self.types.get_mut(id).definition = definition;
        Type::Named(id)
    }
}

fn kind_name(kind: JsonKind) -> &'static str {
    match kind {
        JsonKind::Object => "object",
        JsonKind::Array => "list",
        JsonKind::String => "text",
        JsonKind::Number => "number",
        JsonKind::Boolean => "boolean",
        JsonKind::Null => "null",
    }
}
