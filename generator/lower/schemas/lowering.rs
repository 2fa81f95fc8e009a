//! The way from the schemas of a value to its type.

use std::collections::HashMap;

use crate::conformance::is_nullable;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Node, NodeId};
use crate::model::{Definition, Definitions, Integer, JsonKind, Type, TypeId, Untyped};
use crate::naming::Scope;
use crate::resolve::Resolver;

use super::super::checks::constrain;
use super::super::drafts::Drafts;
use super::super::facts::{Facts, gather, gather_all};
use super::super::names::claim_payload;
use super::super::unexpressed::note_unexpressed;
use super::super::untyped::Silence;
use super::families::Families;
use super::subject::{Subject, only_part};

/// Lowers the schemas of one document; two mentions of a schema become one type.
pub(in super::super) struct Schemas<'a, 'r> {
    pub(super) resolver: &'r Resolver<'a>,
    types: Drafts,
    untyped: Vec<Untyped>,
    names: &'r mut Scope,
    known: HashMap<Vec<NodeId>, Progress>,
    /// The children of parents with a discriminator.
    pub(super) families: Families<'a>,
    /// How many values had more than one schema.
    merged: usize,
    /// How many values around the one that is lowered are.
    pub(super) depth: usize,
    /// What is deeper than the stack: entered, and lowered when all around it is done.
    later: Vec<(Subject<'a>, Facts<'a>)>,
}

/// How far the lowering of a schema is.
enum Progress {
    Entered(Entered),
    Done(Type),
}

/// Under way: where a schema comes upon itself, it needs a type of its own.
struct Entered {
    name: String,
    /// Whether it allows null, which its own type does not.
    nullable: bool,
    itself: Option<TypeId>,
}

impl<'a, 'r> Schemas<'a, 'r> {
    pub(in super::super) fn new(
        resolver: &'r Resolver<'a>,
        names: &'r mut Scope,
        families: Families<'a>,
    ) -> Self {
        Self {
            resolver,
            types: Drafts::default(),
            untyped: Vec::new(),
            names,
            known: HashMap::new(),
            families,
            merged: 0,
            depth: 0,
            later: Vec::new(),
        }
    }

    /// All types, once everything is lowered, and the values that have none.
    pub(in super::super) fn finish(self) -> (Definitions, Vec<Untyped>) {
        (self.types.finish(), self.untyped)
    }

    /// The type of what has no schema at all, at `place`.
    pub(in super::super) fn undescribed(&mut self, place: Node<'_>) -> Type {
        self.untyped.push(Untyped {
            location: place.key_location(),
            says_nothing: true,
        });
        Type::Value
    }

    /// The type of a schema; `name` is what to call it where the document has no name for it.
    ///
    /// A construct that has no type in Rust becomes [`Type::Value`] with a located warning: one schema
    /// that cannot be expressed does not lose the document.
    pub(in super::super) fn lower(
        &mut self,
        schema: Node<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let (schema, nullable) = self.essence(schema, diagnostics);
        let ty = self.lower_together(&[schema], name, diagnostics);
        if self.depth == 0 {
            while let Some((subject, facts)) = self.later.pop() {
                self.leave(&subject, &facts, diagnostics);
            }
        }
        present_or_null(ty, nullable)
    }

    /// The type of a value of which all of `schemas` hold.
    pub(super) fn lower_all(
        &mut self,
        schemas: &[Node<'a>],
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        match self.telling(schemas, diagnostics)[..] {
            [only] => self.lower(only, name, diagnostics),
            ref several => self.lower_together(several, name, diagnostics),
        }
    }

    /// The schema behind those that only wrap another one, and whether they allow null beside it.
    fn essence(&self, schema: Node<'a>, diagnostics: &mut Diagnostics) -> (Node<'a>, bool) {
        let mut essence = schema;
        let mut nullable = is_nullable(essence);
        while let Some(part) = only_part(essence) {
            let [whole, inside] =
                [essence, part].map(|schema| gather(schema, self.resolver, diagnostics));
            let adds_null = is_nullable(essence) || inside.nullable();
            if !whole.is_of_type_of(&inside) || whole.nullable() != adds_null {
                break;
            }
            essence = part;
            nullable |= is_nullable(essence);
        }
        (essence, nullable)
    }

    fn lower_together(
        &mut self,
        schemas: &[Node<'a>],
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let Some(subject) = Subject::of(schemas, name, self.resolver, diagnostics) else {
            return Type::Value;
        };
        match self.known.get_mut(subject.key()) {
            Some(Progress::Done(ty)) => return ty.clone(),
            Some(Progress::Entered(entered)) => {
                let place = subject.place();
                let id = *entered.itself.get_or_insert_with(|| {
                    let name = claim_payload(self.names, &entered.name);
                    self.types.promise(name, place)
                });
                return present_or_null(Type::Named(id), entered.nullable);
            }
            None => {}
        }
        if let [first, _, ..] = schemas {
            self.merged += 1;
            if self.merged > MAX_MERGED {
                self.note_unmerged(schemas, diagnostics);
                return self.lower(*first, name, diagnostics);
            }
        }
        let facts = gather_all(schemas, self.resolver, diagnostics);
        let entered = Entered {
            name: subject.name.clone(),
            nullable: facts.nullable(),
            itself: None,
        };
        self.known
            .insert(subject.key().to_vec(), Progress::Entered(entered));
        if self.depth >= MAX_DEPTH {
            let id = self.promised(&subject);
            let ty = present_or_null(Type::Named(id), facts.nullable());
            self.later.push((subject, facts));
            return ty;
        }
        self.leave(&subject, &facts, diagnostics)
    }

    /// Lowers what was entered.
    fn leave(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let ty = self.lower_present(subject, facts, diagnostics);
        let ty = match self.known.remove(subject.key()) {
            Some(Progress::Entered(Entered {
                itself: Some(id), ..
            })) => self.tie(id, subject, ty),
            _ => ty,
        };
        let ty = present_or_null(ty, facts.nullable());
        let silence = Silence::of(facts);
        self.untyped
            .extend(silence.untyped(subject.node, &ty, &self.types));
        self.known
            .insert(subject.key().to_vec(), Progress::Done(ty.clone()));
        ty
    }

    /// The schemas among those of one value that say something which no other one says.
    fn telling(&self, schemas: &[Node<'a>], diagnostics: &mut Diagnostics) -> Vec<Node<'a>> {
        if schemas.len() < 2 {
            return schemas.to_vec();
        }
        let mut facts: Vec<(Node<'a>, Facts<'a>)> = schemas
            .iter()
            .map(|&schema| (schema, gather(schema, self.resolver, diagnostics)))
            .collect();
        let mut index = 0;
        while index < facts.len() {
            let mut others = facts
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            let covered = others.any(|(_, (_, other))| other.covers(&facts[index].1));
            if covered {
                facts.remove(index);
            } else {
                index += 1;
            }
        }
        facts.into_iter().map(|(schema, _)| schema).collect()
    }

    fn note_unmerged(&self, schemas: &[Node<'a>], diagnostics: &mut Diagnostics) {
        for schema in &schemas[1..] {
            diagnostics
                .note(
                    Code::UnsupportedSchema,
                    schema.key_location(),
                    "the property is declared before: what is said of it here is not checked",
                )
                .related(schemas[0].key_location(), "what its type is made of");
        }
    }

    /// A schema came upon itself while it was lowered to `ty`: gives the type that was promised its meaning.
    fn tie(&mut self, promised: TypeId, subject: &Subject<'a>, ty: Type) -> Type {
        if ty != Type::Named(promised) {
            let definition = Definition::Newtype(ty);
            self.types.define(promised, definition, subject.docs());
        }
        Type::Named(promised)
    }

    /// The type of a value that is not null; what it leaves out is noted.
    pub(super) fn lower_present(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        self.depth += 1;
        let ty = self.shape(subject, facts, diagnostics);
        self.depth -= 1;
        note_unexpressed(facts, &ty, &self.types, diagnostics);
        ty
    }

    fn shape(
        &mut self,
        subject: &Subject<'a>,
        facts: &Facts<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if let Some(listed) = self.listed(facts, diagnostics) {
            return self.enumeration(subject, &listed, diagnostics);
        }
        if let Some(ty) = self.family(subject, facts, diagnostics) {
            return ty;
        }
        if let [alternatives, ..] = &facts.choices[..] {
            return self.union(subject, facts, alternatives, diagnostics);
        }
        let kinds = facts.json_kinds();
        match kinds.iter().collect::<Vec<_>>()[..] {
            [] => Type::Value,
            [JsonKind::Object] => self.object(subject, facts, diagnostics),
            [JsonKind::Array] => self.array(facts, &subject.name, diagnostics),
            [kind] => constrain(scalar(*kind, facts), facts, diagnostics),
            _ => self.union_of_kinds(subject, facts, diagnostics),
        }
    }

    pub(super) fn array(
        &mut self,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if facts.positions.is_empty() {
            let items = match &facts.items[..] {
                [] => Type::Value,
                items => self.lower_all(items, &singular(name), diagnostics),
            };
            return constrain(Type::List(Box::new(items)), facts, diagnostics);
        }
        if !facts.exact || facts.positions.len() > MAX_TUPLE {
            // More items may follow than the positions describe: a tuple would refuse what the schema allows.
            if let Some(first) = facts.positions.first() {
                diagnostics.note(
                    Code::UnsupportedSchema,
                    first.location(),
                    "the items of this list are not checked: others may follow, which no type in Rust expresses",
                ).help("say `items: false` or `additionalItems: false`, and the list becomes a tuple");
            }
            return constrain(Type::List(Box::new(Type::Value)), facts, diagnostics);
        }
        let positions = facts.positions.clone();
        let types = positions.iter().enumerate().map(|(position, schema)| {
            self.lower(*schema, &format!("{name} item {position}"), diagnostics)
        });
        Type::Tuple(types.collect())
    }

    /// The id that was promised where the schema came upon itself, or a new one.
    pub(super) fn promised(&mut self, subject: &Subject<'a>) -> TypeId {
        let promise = |known: &Progress| match known {
            Progress::Entered(entered) => entered.itself,
            Progress::Done(_) => None,
        };
        if let Some(id) = self.known.get(subject.key()).and_then(promise) {
            return id;
        }
        let id = self.define(subject);
        if let Some(Progress::Entered(entered)) = self.known.get_mut(subject.key()) {
            entered.itself = Some(id);
        }
        id
    }

    pub(super) fn define(&mut self, subject: &Subject<'a>) -> TypeId {
        let name = claim_payload(self.names, &subject.name);
        self.types.promise(name, subject.place())
    }

    pub(super) fn complete(
        &mut self,
        id: TypeId,
        subject: &Subject<'a>,
        definition: Definition,
    ) -> Type {
        self.types.define(id, definition, subject.docs());
        Type::Named(id)
    }

    pub(super) fn text(
        &self,
        schema: Node<'a>,
        keyword: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        let own = schema.get(keyword);
        own.or_else(|| {
            self.resolver
                .follow_schema(schema, diagnostics)?
                .get(keyword)
        })
        .and_then(Node::as_str)
        .map(str::to_owned)
    }
}

fn present_or_null(ty: Type, nullable: bool) -> Type {
    if nullable { optional(ty) } else { ty }
}

/// Wraps a type in `Option`, once.
pub(super) fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) | Type::Value | Type::Null => ty,
        ty => Type::Optional(Box::new(ty)),
    }
}

/// Schemas that lead to each other nest deeper than documents do: what is deeper than this comes later.
pub(super) const MAX_DEPTH: usize = 64;

/// More values than these have one schema only, which bounds what a document can ask for: parts of an `allOf` that lead
/// round in circles of their own meet in as many ways as the product of their lengths.
const MAX_MERGED: usize = 1_000;

/// Longest tuple for which the standard library and serde have implementations.
const MAX_TUPLE: usize = 12;

pub(super) fn scalar(kind: JsonKind, facts: &Facts<'_>) -> Type {
    match kind {
        JsonKind::Boolean => Type::Boolean,
        JsonKind::String => Type::String,
        JsonKind::Null => Type::Null,
        JsonKind::Number if facts.integer => Type::Integer(integer(facts)),
        JsonKind::Number => Type::Number,
        JsonKind::Object | JsonKind::Array => Type::Value,
    }
}

fn integer(facts: &Facts<'_>) -> Integer {
    let unsigned = facts.minimum.is_some_and(|minimum| minimum >= 0.0);
    match facts.format {
        Some("int8" | "int16" | "int32") if !unsigned => Integer::I32,
        Some("uint8" | "uint16" | "int8" | "int16" | "int32" | "uint32") => Integer::U32,
        Some("uint64") => Integer::U64,
        _ if unsigned => Integer::U64,
        _ => Integer::I64,
    }
}

/// A name for one item of a list.
fn singular(name: &str) -> String {
    let plural = name
        .strip_suffix('s')
        .filter(|stem| stem.len() > 2 && !stem.ends_with(['s', 'u', 'i']));
    plural.map_or_else(|| format!("{name} item"), str::to_owned)
}
