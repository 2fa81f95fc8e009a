//! Types of payloads and parameters, by the direction in which their values go.

use crate::model::{
    Check, Definition, Literal, Type, TypeDefinition, TypeId, Types, VariantOfEnumeration,
};

use super::comparison::{Comparison, Direction, Subject};
use super::kind::Kind;
use super::relation::{Relation, describe, relation};
use super::rules;

impl Comparison<'_> {
    /// Compares the types of a value; types of the document are put off to [`Self::pending_types`].
    pub(super) fn types(
        &mut self,
        old: &Type,
        new: &Type,
        subject: &Subject,
        direction: Direction,
    ) {
        // Lists of lists that contain themselves could go on for ever.
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            self.plain_types(old, new, subject, direction);
            self.depth -= 1;
        }
    }

    fn plain_types(&mut self, old: &Type, new: &Type, subject: &Subject, direction: Direction) {
        let (olds, news) = (&self.old.types, &self.new.types);
        let (mut was, mut is) = (Plain::of(old), Plain::of(new));
        if was.is_alias(olds) != is.is_alias(news) {
            was.look_through(olds);
            is.look_through(news);
        }
        if was.nullable != is.nullable {
            let (relation, words) = match is.nullable {
                true => (Relation::Wider, "may be null"),
                false => (Relation::Narrower, "is never null"),
            };
            self.type_changed(relation, subject, words, direction);
        }
        match (was.ty, is.ty) {
            (Type::Named(before), Type::Named(after)) => {
                self.named(*before, *after, subject, direction)
            }
            (Type::List(was), Type::List(is)) => {
                self.types(was, is, &subject.part("an item of"), direction);
            }
            (Type::Map(was), Type::Map(is)) => {
                self.types(was, is, &subject.part("a value of"), direction);
            }
            (Type::Tuple(was), Type::Tuple(is)) if was.len() == is.len() => {
                for (was, is) in was.iter().zip(is) {
                    self.types(was, is, &subject.part("an item of"), direction);
                }
            }
            (was, is) if was == is => {}
            (was, is) => {
                self.replaced(was, is, subject, direction);
                return;
            }
        }
        for (relation, words) in rules::changed(&was.checks, &is.checks) {
            let kind = match (direction, relation) {
                (Direction::Inbound, Relation::Wider) => Kind::InboundWidened,
                (Direction::Inbound, _) => Kind::InboundNarrowed,
                (Direction::Outbound, Relation::Narrower) => Kind::OutboundNarrowed,
                (Direction::Outbound, _) => Kind::OutboundWidened,
            };
            self.report(kind, &subject.place, format!("{} {words}", subject.name));
        }
    }

    /// Compares the types of the document that were met, and those that they lead to.
    pub(super) fn pending_types(&mut self) {
        while let Some((before, after, direction)) = self.pending.pop_front() {
            let (old, new) = (self.old.types.get(before), self.new.types.get(after));
            match (&old.definition, &new.definition) {
                (Definition::Struct { .. }, Definition::Struct { .. }) => {
                    self.structs(old, new, direction);
                }
                (Definition::Enumeration(was), Definition::Enumeration(is)) => {
                    self.enumerations((old, was), (new, is), direction);
                }
                (
                    Definition::Union { variants: was, .. },
                    Definition::Union { variants: is, .. },
                ) => {
                    self.unions((old, was.as_slice()), (new, is.as_slice()), direction);
                }
                (Definition::Newtype(was), Definition::Newtype(is)) => {
                    let subject = Subject::new(format!("`{}`", new.name), &new.place);
                    self.types(was, is, &subject, direction);
                }
                _ => {}
            }
        }
    }

    fn named(&mut self, before: TypeId, after: TypeId, subject: &Subject, direction: Direction) {
        let (old, new) = (self.old.types.get(before), self.new.types.get(after));
        if std::mem::discriminant(&old.definition) != std::mem::discriminant(&new.definition) {
            self.replaced(
                &Type::Named(before),
                &Type::Named(after),
                subject,
                direction,
            );
            return;
        }
        if !self.met.insert((before, after, direction)) {
            return;
        }
        self.pending.push_back((before, after, direction));
        let other_way = match direction {
            Direction::Inbound => Direction::Outbound,
            Direction::Outbound => Direction::Inbound,
        };
        // What has no direction is said once.
        if self.met.contains(&(before, after, other_way)) {
            return;
        }
        if old.name != new.name {
            let message = format!("type `{}` is called `{}`", old.name, new.name);
            self.report(Kind::TypeRenamed, &new.place, message);
        }
        self.description(&format!("`{}`", new.name), old.docs == new.docs, &new.place);
    }

    /// A value has another type.
    fn replaced(&mut self, old: &Type, new: &Type, subject: &Subject, direction: Direction) {
        let (was, is) = (
            describe(old, &self.old.types),
            describe(new, &self.new.types),
        );
        let words = format!("was {was}, it is {is}");
        let relation = relation(old, &self.old.types, new, &self.new.types);
        self.type_changed(relation, subject, &words, direction);
    }

    pub(super) fn type_changed(
        &mut self,
        relation: Relation,
        subject: &Subject,
        words: &str,
        direction: Direction,
    ) {
        let kind = match (direction, relation) {
            (Direction::Inbound, Relation::Wider) => Kind::InboundTypeWidened,
            (Direction::Inbound, _) => Kind::InboundTypeChanged,
            (Direction::Outbound, Relation::Narrower) => Kind::OutboundTypeNarrowed,
            (Direction::Outbound, _) => Kind::OutboundTypeChanged,
        };
        self.report(kind, &subject.place, format!("{} {words}", subject.name));
    }

    fn enumerations(
        &mut self,
        (old, was): (&TypeDefinition, &[VariantOfEnumeration]),
        (new, is): (&TypeDefinition, &[VariantOfEnumeration]),
        direction: Direction,
    ) {
        let (added, removed, verb) = match direction {
            Direction::Inbound => (
                Kind::InboundValueAdded,
                Kind::InboundValueRemoved,
                "accepts",
            ),
            Direction::Outbound => (
                Kind::OutboundValueAdded,
                Kind::OutboundValueRemoved,
                "may be",
            ),
        };
        let lacks = |others: &[VariantOfEnumeration], value: &Literal| {
            !others.iter().any(|other| other.value == *value)
        };
        for variant in is.iter().filter(|variant| lacks(was, &variant.value)) {
            let message = format!("`{}` {verb} {}", new.name, literal(&variant.value));
            self.report(added, &new.place, message);
        }
        for variant in was.iter().filter(|variant| lacks(is, &variant.value)) {
            let message = format!(
                "`{}` no longer {verb} {}",
                new.name,
                literal(&variant.value)
            )
            .replace("no longer may be", "is no longer");
            self.report_gone(removed, &old.place, message);
        }
    }

    fn unions(
        &mut self,
        (old, was): (&TypeDefinition, &[(String, Type)]),
        (new, is): (&TypeDefinition, &[(String, Type)]),
        direction: Direction,
    ) {
        let (added, removed, verb) = match direction {
            Direction::Inbound => (
                Kind::InboundAlternativeAdded,
                Kind::InboundAlternativeRemoved,
                "accepts",
            ),
            Direction::Outbound => (
                Kind::OutboundAlternativeAdded,
                Kind::OutboundAlternativeRemoved,
                "may be",
            ),
        };
        for (name, ty) in is {
            match was.iter().find(|(other, _)| other == name) {
                Some((_, before)) => {
                    let subject = Subject::new(format!("`{}::{name}`", new.name), &new.place);
                    self.types(before, ty, &subject, direction);
                }
                None => {
                    let message = format!("`{}` {verb} the alternative `{name}`", new.name);
                    self.report(added, &new.place, message);
                }
            }
        }
        for (name, _) in was {
            if !is.iter().any(|(other, _)| other == name) {
                let message = format!("`{}` has no alternative `{name}` any more", new.name);
                self.report_gone(removed, &old.place, message);
            }
        }
    }
}

/// A type without what is around it.
struct Plain<'t> {
    ty: &'t Type,
    checks: Vec<&'t Check>,
    nullable: bool,
}

impl<'t> Plain<'t> {
    fn of(ty: &'t Type) -> Self {
        let mut plain = Self {
            ty,
            checks: Vec::new(),
            nullable: false,
        };
        plain.unwrap();
        plain
    }

    fn unwrap(&mut self) {
        loop {
            self.ty = match self.ty {
                Type::Checked(inner, checks) => {
                    self.checks.extend(checks);
                    inner
                }
                Type::Boxed(inner) => inner,
                Type::Optional(inner) => {
                    self.nullable = true;
                    inner
                }
                _ => return,
            };
        }
    }

    /// What the type is where it is only another name.
    fn alias(&self, types: &'t Types) -> Option<&'t Type> {
        match self.ty {
            Type::Named(id) => match &types.get(*id).definition {
                Definition::Newtype(inner) => Some(inner),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_alias(&self, types: &'t Types) -> bool {
        self.alias(types).is_some()
    }

    fn look_through(&mut self, types: &'t Types) {
        for _ in 0..MAX_DEPTH {
            let Some(inner) = self.alias(types) else {
                return;
            };
            self.ty = inner;
            self.unwrap();
        }
    }
}

/// How many layers of lists and maps, or of names for one type, are looked through.
const MAX_DEPTH: usize = 64;

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => format!("`{text}`"),
        Literal::Integer(number) => format!("`{number}`"),
    }
}
