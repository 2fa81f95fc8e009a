//! `oneOf`, `anyOf` and `type` with several names: one type for each alternative, and the way to the right one.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::Node;
use crate::model::{Definition, Dispatch, Evidence, JsonKind, Shape, Type, VariantId};
use crate::naming::{Scope, type_name};
use crate::table::Table;

use super::super::checks::constrain;
use super::super::dispatch::{Candidate, Discriminator, choose, discriminator_values, profile};
use super::super::facts::{Facts, gather};
use super::super::unexpressed::unexpressed;
use super::lowering::{MAX_DEPTH, Schemas, scalar};
use super::subject::Subject;

/// One way to be what a union is.
struct Alternative<'a> {
    /// Its schema, or the first of several that one type takes together.
    node: Node<'a>,
    label: String,
    facts: Facts<'a>,
    ty: Type,
}

impl<'a> Schemas<'a, '_> {
    /// `oneOf` or `anyOf`, each alternative together with what holds beside it.
    pub(super) fn union(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        alternatives: &[Node<'a>],
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let parts: Vec<Part<'a>> = alternatives
            .iter()
            .map(|&node| (node, facts.with(node, self.resolver, diagnostics)))
            .filter(|(_, all)| !all.allows_nothing())
            .collect();
        let groups = group_scalars(parts);
        match &groups[..] {
            [] => return self.enumeration(subject, &[], diagnostics),
            [only] => return self.group(subject, facts, only, diagnostics).1,
            _ => {}
        }
        let id = self.promised(subject);
        let mut alternatives: Table<VariantId, Alternative<'a>> = Table::default();
        for (position, group) in groups.iter().enumerate() {
            let node = group.parts[0].0;
            let label = match group.kind {
                Some(kind) => kind_name(kind).to_owned(),
                None => self.alternative_name(node, position, diagnostics),
            };
            let part = Subject::part(node, format!("{} {label}", subject.name));
            let (facts, ty) = self.group(&part, facts, group, diagnostics);
            alternatives.push(Alternative {
                node,
                label,
                facts,
                ty,
            });
        }
        let definition = self.tell_apart(alternatives, facts, diagnostics);
        self.complete(id, subject, definition)
    }

    /// Decides how the alternatives are told apart, and says so where some cannot be.
    fn tell_apart(
        &self,
        alternatives: Table<VariantId, Alternative<'a>>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Definition {
        let mut scope = Scope::reserving(&["Raw"]);
        let names =
            alternatives.map(|_, alternative| scope.claim_type(&[&type_name(&alternative.label)]));
        let candidates = alternatives.entries().map(|(id, alternative)| {
            let profile = profile(&alternative.facts, self.resolver, diagnostics);
            let candidate = Candidate {
                profile,
                names: vec![names[id].as_str()],
                examples: Vec::new(),
            };
            (id, candidate)
        });
        let candidates = candidates.collect();
        let discriminator = self.discriminator(facts, &alternatives);
        let dispatch = choose(&candidates, None, discriminator.as_ref(), false);
        self.warn_of_guess(&dispatch, &alternatives, &names, diagnostics);
        if let [first, second, ..] = dispatch.ambiguous[..] {
            diagnostics
                .warning(Code::AmbiguousMessages, alternatives[first].node.location(), format!("nothing tells `{}` from `{}`", names[first], names[second]))
                .help("give each a property with a `const`, or name one by `discriminator`; until then the value is passed on as it is")
                .related(alternatives[second].node.location(), "the other alternative");
        }
        if dispatch.ambiguous.len() == alternatives.len() {
            return Definition::Newtype(Type::Value);
        }
        let types = alternatives.into_iter().map(|alternative| alternative.ty);
        Definition::Union {
            variants: names.into_iter().zip(types).collect(),
            dispatch,
        }
    }

    /// Says so where a property is taken for a discriminator, and the schemas do not say it.
    fn warn_of_guess(
        &self,
        dispatch: &Dispatch,
        alternatives: &Table<VariantId, Alternative<'a>>,
        names: &Table<VariantId, String>,
        diagnostics: &mut Diagnostics,
    ) {
        let guessed = dispatch.tag.as_ref();
        let guessed = guessed.filter(|tag| tag.evidence > Evidence::Schema);
        let Some((tag, (value, id))) = guessed.and_then(|tag| Some((tag, tag.values.first()?)))
        else {
            return;
        };
        let property = tag.path.join(".");
        diagnostics
            .warning(
                Code::SuggestedTag,
                alternatives[*id].node.location(),
                format!(
                    "`{property}` is taken for what tells `{}` from other alternatives, but no schema says so",
                    names[*id]
                ),
            )
            .help(format!(
                "to make it certain, say `const: {}` at `{property}` of each, or name it by `discriminator`",
                value.text()
            ));
    }

    /// What holds of alternatives that become one variant, and its type.
    fn group(
        &mut self,
        subject: &Subject<'a>,
        beside: &Facts<'a>,
        group: &Group<'a>,
        diagnostics: &mut Diagnostics,
    ) -> (Facts<'a>, Type) {
        if let Some(kind) = group.kind {
            return self.scalars(subject, kind, &group.parts, diagnostics);
        }
        let (node, all) = &group.parts[0];
        let ty = self.alternative(*node, beside, all, &subject.name, diagnostics);
        (all.clone(), ty)
    }

    /// The type of one alternative: its own, or one for it and what holds beside it.
    fn alternative(
        &mut self,
        alternative: Node<'a>,
        beside: &Facts<'a>,
        all: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let alone = gather(alternative, self.resolver, diagnostics);
        if self.depth >= MAX_DEPTH {
            diagnostics.note(
                Code::UnsupportedSchema,
                alternative.location(),
                "what is said beside this alternative is not checked: too many lead to each other",
            );
            return self.lower(alternative, name, diagnostics);
        }
        if beside.says_only_alternatives() && all.is_of_type_of(&alone) {
            return self.lower(alternative, name, diagnostics);
        }
        let part = Subject::part(alternative, name.to_owned());
        self.lower_present(&part, all, diagnostics)
    }

    /// One type for alternatives of one scalar type of JSON: what all of them ask for is checked.
    fn scalars(
        &mut self,
        subject: &Subject<'a>,
        kind: JsonKind,
        parts: &[Part<'a>],
        diagnostics: &mut Diagnostics,
    ) -> (Facts<'a>, Type) {
        let (common, others) = Facts::common(kind, parts.iter().map(|(_, all)| all));
        let listed: Option<Vec<_>> = parts
            .iter()
            .map(|(node, all)| Some(self.described(*node, all.literals()?, diagnostics)))
            .collect();
        let ty = match listed {
            Some(choices) => self.enumeration(subject, &choices.concat(), diagnostics),
            None => {
                for (keyword, value) in others {
                    unexpressed(keyword, value, diagnostics);
                }
                constrain(scalar(kind, &common), &common, diagnostics)
            }
        };
        (common, ty)
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

    fn discriminator(
        &self,
        facts: &Facts<'a>,
        alternatives: &Table<VariantId, Alternative<'a>>,
    ) -> Option<Discriminator> {
        // Children of one parent have its discriminator by their `allOf`.
        let inherited = || {
            let mut all = alternatives
                .iter()
                .map(|alternative| alternative.facts.discriminator);
            let first = all.next()??;
            all.all(|other| other.is_some_and(|(property, _)| property == first.0))
                .then_some(first)
        };
        let (property, mapping) = facts.discriminator.or_else(inherited)?;
        let values = alternatives.entries().filter_map(|(id, alternative)| {
            let name = self.resolver.reference_name(alternative.node)?;
            Some((id, discriminator_values(name, mapping)))
        });
        Some(Discriminator {
            property: property.to_owned(),
            values: values.collect(),
        })
    }

    /// `type` with several names: one variant for each.
    pub(super) fn union_of_kinds(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let id = self.promised(subject);
        let name = &subject.name;
        let mut variants = Table::default();
        let mut shapes = Vec::new();
        for kind in facts.json_kinds() {
            if kind == JsonKind::Null {
                continue;
            }
            let mut one = facts.clone();
            one.kinds = [kind].into();
            let ty = match kind {
                JsonKind::Object => {
                    let part = Subject::part(subject.node, format!("{name} object"));
                    self.object(&part, &one, diagnostics)
                }
                JsonKind::Array => self.array(&one, name, diagnostics),
                kind => constrain(scalar(kind, &one), &one, diagnostics),
            };
            let id = variants.push((type_name(kind_name(kind)), ty));
            shapes.push((Shape::Kinds(vec![kind]), id));
        }
        let dispatch = Dispatch {
            shapes,
            ..Default::default()
        };
        self.complete(id, subject, Definition::Union { variants, dispatch })
    }
}

/// A schema among several, with all that holds of a value by it.
type Part<'a> = (Node<'a>, Facts<'a>);

/// Alternatives that become one variant.
struct Group<'a> {
    /// The scalar type of JSON that all of them are of, where there are several.
    kind: Option<JsonKind>,
    /// At least one.
    parts: Vec<Part<'a>>,
}

/// Takes alternatives of one scalar type together, at the place of the first: nothing tells two texts or two numbers apart,
/// but one type takes both.
fn group_scalars(parts: Vec<Part<'_>>) -> Vec<Group<'_>> {
    let kinds: Vec<Option<JsonKind>> = parts.iter().map(|(_, all)| all.scalar_kind()).collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (part, kind) in parts.into_iter().zip(&kinds) {
        let repeated = kinds.iter().filter(|other| *other == kind).count() > 1;
        let kind = kind.filter(|_| repeated);
        let same = |group: &&mut Group<'_>| kind.is_some() && group.kind == kind;
        match groups.iter_mut().find(same) {
            Some(group) => group.parts.push(part),
            None => groups.push(Group {
                kind,
                parts: vec![part],
            }),
        }
    }
    groups
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
