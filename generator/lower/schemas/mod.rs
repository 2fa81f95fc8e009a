//! Schemas to types.

mod unions;

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::{Node, NodeId};
use crate::model::{
    Constant, Definition, Field, Integer, JsonKind, Literal, Route, Type, TypeDefinition, TypeId,
    Types, Untyped, VariantOfEnumeration,
};
use crate::naming::{PRELUDE, ROUTE_NAMES, Scope, type_name, value_name};
use crate::resolve::Resolver;

use super::checks::constrain;
use super::facts::{Facts, gather, gather_all, is_null_schema, shapes_type};
use super::unexpressed::note_unexpressed;
use super::untyped::Silence;

/// Lowers the schemas of one document; two mentions of a schema become one type.
pub(super) struct Schemas<'a, 'r> {
    resolver: &'r Resolver<'a>,
    types: Types,
    untyped: Vec<Untyped>,
    names: Scope,
    known: HashMap<NodeId, Progress>,
}

/// How far the lowering of a schema is.
enum Progress {
    /// Under way: where it comes upon itself, it needs a type of its own.
    Entered {
        name: String,
        itself: Option<TypeId>,
    },
    Done(Type),
}

impl<'a, 'r> Schemas<'a, 'r> {
    pub(super) fn new(resolver: &'r Resolver<'a>) -> Self {
        Self {
            resolver,
            types: Types::default(),
            untyped: Vec::new(),
            names: Scope::reserving(PRELUDE),
            known: HashMap::new(),
        }
    }

    /// All types, once everything is lowered, and the values that have none.
    pub(super) fn finish(mut self, routes: &[Route], client: bool) -> (Types, Vec<Untyped>) {
        super::constants::verify(&mut self.types, &mut self.names, routes, client);
        super::boxes::break_cycles(&mut self.types);
        super::checks::mark_validated(&mut self.types);
        (self.types, self.untyped)
    }

    /// The types so far.
    pub(super) fn types(&self) -> &Types {
        &self.types
    }

    /// The type of what has no schema at all, at `place`.
    pub(super) fn undescribed(&mut self, place: Node<'_>) -> Type {
        self.untyped.push(Untyped {
            location: place.key_location(),
            says_nothing: true,
        });
        Type::Value
    }

    /// Says of a type without a description what the message says that carries it.
    pub(super) fn describe(&mut self, id: TypeId, docs: &[String]) {
        let ty = self.types.get_mut(id);
        if ty.docs.is_empty() {
            ty.docs = docs.to_vec();
        }
    }

    /// Says that a type is read from a path, a query or a header.
    pub(super) fn mark_parameter(&mut self, id: TypeId) {
        self.types.get_mut(id).is_parameter = true;
    }

    /// A name for a trait that no type has; `suffix` sets it apart from a type of the same name.
    pub(super) fn claim_trait(&mut self, name: &str, suffix: &str) -> String {
        let name = type_name(name);
        let suffixed = format!("{name}{suffix}");
        if ROUTE_NAMES.contains(&name.as_str()) {
            self.names.claim(&[&suffixed])
        } else {
            self.names.claim(&[&name, &suffixed])
        }
    }

    /// The type of a schema; `name` is what to call it where the document has no name for it.
    ///
    /// A construct that has no type in Rust becomes [`Type::Value`] with a located warning: one schema
    /// that cannot be expressed does not lose the document.
    pub(super) fn lower(
        &mut self,
        schema: Node<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let Some(target) = self.resolver.follow_schema(schema, diagnostics) else {
            return Type::Value;
        };
        let name = self.resolver.reference_name(schema).unwrap_or(name);
        match self.known.get_mut(&target.id()) {
            Some(Progress::Done(ty)) => return ty.clone(),
            Some(Progress::Entered { name, itself }) => {
                let id = *itself.get_or_insert_with(|| {
                    reserve(
                        &mut self.types,
                        &mut self.names,
                        name,
                        target.key_location(),
                    )
                });
                return Type::Named(id);
            }
            None => {}
        }
        self.known.insert(
            target.id(),
            Progress::Entered {
                name: name.to_owned(),
                itself: None,
            },
        );
        let facts = gather(schema, self.resolver, diagnostics);
        let silence = Silence::of(&facts);
        let ty = self.lower_facts(target, facts, name, diagnostics);
        self.untyped
            .extend(silence.untyped(target, &ty, &self.types));
        let ty = match self.known.remove(&target.id()) {
            Some(Progress::Entered {
                itself: Some(id), ..
            }) => self.tie(id, target, ty),
            _ => ty,
        };
        self.known.insert(target.id(), Progress::Done(ty.clone()));
        ty
    }

    /// A schema came upon itself while it was lowered to `ty`: gives the type that was promised its meaning.
    fn tie(&mut self, promised: TypeId, schema: Node<'a>, ty: Type) -> Type {
        if ty != Type::Named(promised) {
            let definition = self.types.get_mut(promised);
            definition.docs = docs(schema);
            definition.definition = Definition::Newtype(ty);
        }
        Type::Named(promised)
    }

    fn lower_facts(
        &mut self,
        schema: Node<'a>,
        mut facts: Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let with_null = facts.alternatives.len();
        facts
            .alternatives
            .retain(|alternative| !is_null_schema(*alternative));
        let nullable = facts.nullable
            || facts.alternatives.len() < with_null
            || facts.kinds.contains(&JsonKind::Null)
            || facts.lists_null();
        let ty = self.lower_present(schema, facts, name, diagnostics);
        if nullable { optional(ty) } else { ty }
    }

    /// The type of a value that is not null; what it leaves out is noted.
    fn lower_present(
        &mut self,
        schema: Node<'a>,
        facts: Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let ty = self.shape(schema, &facts, name, diagnostics);
        note_unexpressed(&facts, &ty, &self.types, diagnostics);
        ty
    }

    fn shape(
        &mut self,
        schema: Node<'a>,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        if let Some(literals) = facts.literals() {
            return self.enumeration(schema, &literals, name);
        }
        if facts
            .alternatives
            .iter()
            .any(|alternative| shapes_type(*alternative))
        {
            return self.union(schema, facts, name, diagnostics);
        }
        let kinds = facts.json_kinds();
        match kinds.iter().collect::<Vec<_>>()[..] {
            [] => Type::Value,
            [JsonKind::Object] => self.object(schema, facts, name, diagnostics),
            [JsonKind::Array] => self.array(facts, name, diagnostics),
            [kind] => constrain(scalar(*kind, facts), facts, diagnostics),
            _ => self.union_of_kinds(schema, facts, name, diagnostics),
        }
    }

    fn enumeration(&mut self, schema: Node<'a>, literals: &[Literal], name: &str) -> Type {
        let id = self.define(name, schema);
        self.complete(id, schema, Definition::Enumeration(variants(literals)))
    }

    fn object(
        &mut self,
        schema: Node<'a>,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let empty = facts.closed && facts.patterns.is_empty();
        if facts.properties.is_empty() && !empty {
            let values = self.additional(facts, name, diagnostics);
            let map = Type::Map(Box::new(values.unwrap_or(Type::Value)));
            return constrain(map, facts, diagnostics);
        }
        let id = self.promised(schema, name);
        let definition = self.structure(facts, name, diagnostics);
        self.complete(id, schema, definition)
    }

    fn structure(
        &mut self,
        facts: &Facts<'a>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Definition {
        // Where unknown properties are refused or kept, serde would do so with a constant that has no field.
        let open = !facts.closed && facts.additional.is_none() && facts.patterns.is_empty();
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
            let ty = self.property(schemas, &format!("{name} {property}"), diagnostics);
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
            [] => facts
                .additional
                .map(|schema| self.lower(schema, &name, diagnostics)),
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

    /// The type of a property of which all of `schemas` hold.
    fn property(
        &mut self,
        schemas: &[Node<'a>],
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Type {
        let (first, more) = match schemas {
            [] => return Type::Value,
            [only] => return self.lower(*only, name, diagnostics),
            [first, more @ ..] => (*first, more),
        };
        let facts = gather_all(schemas, self.resolver, diagnostics);
        if facts.is_flat() {
            return self.lower_facts(more[more.len() - 1], facts, name, diagnostics);
        }
        for schema in more {
            diagnostics
                .note(
                    Code::UnsupportedSchema,
                    schema.key_location(),
                    "the property is declared before: what is said of it here is not checked",
                )
                .related(first.key_location(), "what its type is made of");
        }
        self.lower(first, name, diagnostics)
    }

    /// The only string that all of `schemas` allow.
    fn constant_text(&self, schemas: &[Node<'a>], diagnostics: &mut Diagnostics) -> Option<String> {
        let facts = gather_all(schemas, self.resolver, diagnostics);
        match facts.literals()?.as_slice() {
            [Literal::String(text)] if !facts.nullable && !facts.lists_null() => Some(text.clone()),
            _ => None,
        }
    }

    fn array(&mut self, facts: &Facts<'a>, name: &str, diagnostics: &mut Diagnostics) -> Type {
        if facts.positions.is_empty() {
            let items = facts.items.map_or(Type::Value, |items| {
                self.lower(items, &singular(name), diagnostics)
            });
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
    fn promised(&mut self, schema: Node<'a>, name: &str) -> TypeId {
        let id = match self.known.get(&schema.id()) {
            Some(Progress::Entered {
                itself: Some(id), ..
            }) => return *id,
            _ => self.define(name, schema),
        };
        if let Some(Progress::Entered { itself, .. }) = self.known.get_mut(&schema.id()) {
            *itself = Some(id);
        }
        id
    }

    fn define(&mut self, name: &str, schema: Node<'a>) -> TypeId {
        reserve(
            &mut self.types,
            &mut self.names,
            name,
            schema.key_location(),
        )
    }

    fn complete(&mut self, id: TypeId, schema: Node<'a>, definition: Definition) -> Type {
        let ty = self.types.get_mut(id);
        ty.docs = docs(schema);
        ty.has_default = matches!(&definition, Definition::Struct { fields, .. } if fields.iter().all(|field| field.optional));
        ty.definition = definition;
        Type::Named(id)
    }

    fn text(
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

/// The variants of an enumeration of constants.
pub(super) fn variants(literals: &[Literal]) -> Vec<VariantOfEnumeration> {
    let mut scope = Scope::reserving(&["Self"]);
    let mut seen = HashSet::new();
    let distinct = literals.iter().filter(|literal| seen.insert(*literal));
    let variants = distinct.map(|literal| VariantOfEnumeration {
        name: match literal {
            Literal::String(text) => {
                scope.claim(&[&type_name(if text.is_empty() { "Empty" } else { text })])
            }
            Literal::Integer(number) => scope.claim(&[&type_name(&format!(
                "{}{number}",
                if *number < 0 { "" } else { "N" }
            ))]),
        },
        value: literal.clone(),
    });
    variants.collect()
}

/// Wraps a type in `Option`, once.
pub(super) fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) | Type::Value | Type::Null => ty,
        ty => Type::Optional(Box::new(ty)),
    }
}

/// `title`, then `description`.
pub(super) fn docs(node: Node<'_>) -> Vec<String> {
    ["title", "description"]
        .iter()
        .filter_map(|keyword| node.get(keyword)?.as_str())
        .map(str::to_owned)
        .collect()
}

/// Longest tuple for which the standard library and serde have implementations.
const MAX_TUPLE: usize = 12;

/// A type without a meaning yet, with a name that no other one has.
pub(super) fn reserve(types: &mut Types, names: &mut Scope, name: &str, place: Location) -> TypeId {
    let name = type_name(name);
    let name = names.claim(&[&name, &format!("{name}Payload")]);
    types.add(TypeDefinition {
        place,
        name,
        docs: Vec::new(),
        definition: Definition::Newtype(Type::Value),
        has_default: false,
        is_validated: false,
        is_parameter: false,
    })
}

fn scalar(kind: JsonKind, facts: &Facts<'_>) -> Type {
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
        Some("int32") if !unsigned => Integer::I32,
        Some("int32" | "uint32") => Integer::U32,
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
