//! A parent with a `discriminator`, and the schemas that consist of it by `allOf`: a value of the parent can be any of them.

use std::collections::HashMap;

use crate::diagnostic::Diagnostics;
use crate::model::{Definition, Type, VariantId};
use crate::naming::{Scope, type_name};
use crate::table::Table;

use super::super::dispatch::{Candidate, Discriminator, choose, discriminator_values, profile};
use super::super::facts::{Facts, gather};
use super::lowering::Schemas;
use super::subject::Subject;

impl<'a> Schemas<'a, '_> {
    /// The type of a parent with children: one of these, or the parent itself.
    pub(super) fn family(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Type> {
        // A part of a value is a parent itself, without its children.
        if subject.key().len() != 1 || !facts.choices.is_empty() {
            return None;
        }
        let children = self.families.get(&subject.node.id())?.clone();
        let (property, mapping) = facts.discriminator?;
        let id = self.promised(subject);
        let own = Subject::part(subject.node, format!("{} itself", subject.name));
        let own = self.object(&own, facts, diagnostics);
        let mut scope = Scope::reserving(&["Raw"]);
        let mut variants: Table<VariantId, (String, Type)> = Table::default();
        let mut candidates = indexmap::IndexMap::new();
        let mut values = HashMap::new();
        let mut add = |name: &'a str, ty: Type, profile, variants: &mut Table<VariantId, _>| {
            let variant = variants.push((scope.claim_type(&[&type_name(name)]), ty));
            let candidate = Candidate {
                profile,
                names: vec![name],
                examples: Vec::new(),
            };
            candidates.insert(variant, candidate);
            values.insert(variant, discriminator_values(name, mapping));
        };
        for child in children {
            let name = child.key().unwrap_or("child");
            let ty = self.lower(child, name, diagnostics);
            let facts = gather(child, self.resolver, diagnostics);
            add(
                name,
                ty,
                profile(&facts, self.resolver, diagnostics),
                &mut variants,
            );
        }
        if let Some(name) = subject.node.key() {
            add(
                name,
                own,
                profile(facts, self.resolver, diagnostics),
                &mut variants,
            );
        }
        let discriminator = Discriminator {
            property: property.to_owned(),
            values,
        };
        let dispatch = choose(&candidates, None, Some(&discriminator), false);
        Some(self.complete(id, subject, Definition::Union { variants, dispatch }))
    }
}
