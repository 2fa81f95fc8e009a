//! Values that a schema lists: by `enum` and `const`, or by a `const` in each alternative.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Node;
use crate::model::{Definition, Literal, Type, VariantOfEnumeration};
use crate::naming::{Scope, distinct_names, type_name};

use super::super::facts::{Facts, gather_all};
use super::lowering::Schemas;
use super::subject::{Subject, docs};

/// One of the values that a schema lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Choice {
    value: Literal,
    /// What the document calls it.
    title: Option<String>,
    /// What the document says about it.
    docs: Vec<String>,
}

impl<'a> Schemas<'a, '_> {
    /// The values that a schema lists, where it allows no others (null aside).
    pub(super) fn listed(
        &self,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Choice>> {
        if let Some(literals) = facts.literals() {
            return Some(literals.into_iter().map(Choice::from).collect());
        }
        let mut choices = Vec::new();
        for &alternative in facts.choices.first().into_iter().flatten() {
            let all = facts.with(alternative, self.resolver, diagnostics);
            choices.extend(self.described(alternative, all.literals()?, diagnostics));
        }
        (!choices.is_empty()).then_some(choices)
    }

    /// The values of an alternative, which describes its value where it has only one.
    pub(super) fn described(
        &self,
        alternative: Node<'a>,
        literals: Vec<Literal>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Choice> {
        let mut choices: Vec<Choice> = literals.into_iter().map(Choice::from).collect();
        if let [only] = &mut choices[..]
            && let Some(schema) = self.resolver.follow_schema(alternative, diagnostics)
        {
            only.title = self.text(alternative, "title", diagnostics);
            let words = docs(schema).into_iter();
            only.docs = words.filter(|words| !only.says(words)).collect();
        }
        choices
    }

    pub(super) fn enumeration(
        &mut self,
        subject: &Subject<'a>,
        choices: &[Choice],
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if choices.is_empty() {
            diagnostics
                .warning(
                    Code::UnsupportedSchema,
                    subject.place(),
                    "no value is allowed here: one keyword rules out what another one lists",
                )
                .help("leave out the value or correct the rule");
        }
        let id = self.define(subject);
        self.complete(id, subject, Definition::Enumeration(variants(choices)))
    }

    /// The only string that all of `schemas` allow.
    pub(super) fn constant_text(
        &self,
        schemas: &[Node<'a>],
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let facts = gather_all(schemas, self.resolver, diagnostics);
        match facts.literals()?.as_slice() {
            [Literal::String(text)] if !facts.nullable() => Some(text.clone()),
            _ => None,
        }
    }
}

impl From<Literal> for Choice {
    fn from(value: Literal) -> Self {
        Self {
            value,
            title: None,
            docs: Vec::new(),
        }
    }
}

impl Choice {
    /// Whether the value says the same as `words`.
    fn says(&self, words: &str) -> bool {
        matches!(&self.value, Literal::String(text) if text.eq_ignore_ascii_case(words))
    }

    /// What to call it: a number has no name of its own.
    fn name(&self) -> String {
        match (&self.value, &self.title) {
            (Literal::String(text), _) if text.is_empty() => "Empty".to_owned(),
            (Literal::String(text), _) => text.clone(),
            (Literal::Integer(_), Some(title)) => title.clone(),
            (Literal::Integer(number), None) if *number < 0 => number.to_string(),
            (Literal::Integer(number), None) => format!("N{number}"),
        }
    }
}

/// The variants of an enumeration of constants.
pub(in super::super) fn variants(choices: &[Choice]) -> Vec<VariantOfEnumeration> {
    let mut scope = Scope::reserving(&["Self"]);
    let mut seen = HashSet::new();
    let distinct = choices.iter().filter(|choice| seen.insert(&choice.value));
    let distinct: Vec<&Choice> = distinct.collect();
    let called: Vec<String> = distinct.iter().map(|choice| choice.name()).collect();
    let called: Vec<&str> = called.iter().map(String::as_str).collect();
    let names = distinct_names(&called, type_name);
    let variants = distinct
        .into_iter()
        .zip(names)
        .map(|(choice, name)| VariantOfEnumeration {
            name: scope.claim_type(&[&name]),
            value: choice.value.clone(),
            docs: choice.docs.clone(),
        });
    variants.collect()
}
