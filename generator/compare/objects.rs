//! Objects: their properties, one by one, and what holds for those that the document does not list.

use crate::diagnostic::Location;
use crate::model::{Constant, Definition, Field, Type, TypeDefinition};

use super::comparison::{Comparison, Direction, Subject};
use super::kind::Kind;
use super::relation::Relation;

impl Comparison<'_> {
    pub(super) fn structs(
        &mut self,
        old: &TypeDefinition,
        new: &TypeDefinition,
        direction: Direction,
    ) {
        let (was, is) = (Object::of(old), Object::of(new));
        for (name, property) in &is.properties {
            let path = format!("`{}.{name}`", new.name);
            match was.get(name) {
                Some(before) => self.property(before, property, path, direction),
                None => {
                    let kind = match (direction, property.required()) {
                        (Direction::Inbound, true) => Kind::InboundRequiredPropertyAdded,
                        (Direction::Inbound, false) => Kind::InboundPropertyAdded,
                        (Direction::Outbound, _) if was.closed => Kind::OutboundPropertyUnexpected,
                        (Direction::Outbound, _) => Kind::OutboundPropertyAdded,
                    };
                    let words = match (direction, property.required()) {
                        (Direction::Inbound, true) => "must be sent",
                        (Direction::Inbound, false) => "may be sent",
                        (Direction::Outbound, true) => "is sent",
                        (Direction::Outbound, false) => "may be there",
                    };
                    let place = property.place(new);
                    self.report(kind, place, format!("{path} is new and {words}"));
                }
            }
        }
        for (name, property) in &was.properties {
            if is.get(name).is_none() {
                let kind = match (direction, property.required()) {
                    (Direction::Inbound, _) if is.closed => Kind::InboundPropertyForbidden,
                    (Direction::Inbound, _) => Kind::InboundPropertyRemoved,
                    (Direction::Outbound, true) => Kind::OutboundPropertyRemoved,
                    (Direction::Outbound, false) => Kind::OutboundOptionalPropertyRemoved,
                };
                let message = format!("`{}.{name}` is gone", new.name);
                self.report_gone(kind, property.place(old), message);
            }
        }
        self.others(&was, &is, new, direction);
    }

    /// Properties that the document does not list: any, those of a type, or none.
    fn others(
        &mut self,
        was: &Object<'_>,
        is: &Object<'_>,
        new: &TypeDefinition,
        direction: Direction,
    ) {
        let subject = Subject::new(format!("further properties of `{}`", new.name), &new.place);
        match (was.additional, is.additional) {
            (Some(was), Some(is)) => self.types(was, is, &subject, direction),
            (None, None) if was.closed != is.closed => {
                let (kind, words) = match (direction, is.closed) {
                    (Direction::Inbound, true) => (Kind::InboundNarrowed, "are refused"),
                    (Direction::Inbound, false) => (Kind::InboundWidened, "are accepted"),
                    (Direction::Outbound, true) => (Kind::OutboundNarrowed, "are not sent"),
                    (Direction::Outbound, false) => (Kind::OutboundWidened, "may be sent"),
                };
                let message = format!("{} {words}", subject.name);
                self.report(kind, &new.place, message);
            }
            (None, None) => {}
            (None, Some(_)) => {
                let relation = if was.closed {
                    Relation::Wider
                } else {
                    Relation::Narrower
                };
                self.type_changed(relation, &subject, "have a type", direction);
            }
            (Some(_), None) => {
                let relation = if is.closed {
                    Relation::Narrower
                } else {
                    Relation::Wider
                };
                let words = if is.closed {
                    "are not allowed"
                } else {
                    "may be anything"
                };
                self.type_changed(relation, &subject, words, direction);
            }
        }
    }

    fn property(
        &mut self,
        old: &Property<'_>,
        new: &Property<'_>,
        path: String,
        direction: Direction,
    ) {
        match (old, new) {
            (Property::Field(old), Property::Field(new)) => self.field(old, new, path, direction),
            (Property::Constant(was, _), Property::Constant(is, place)) => {
                if was != is {
                    let message = format!("{path} was always `{was}`, it is always `{is}`");
                    self.report(Kind::Constant, place, message);
                }
            }
            (Property::Field(_), Property::Constant(value, place)) => {
                let subject = Subject::new(path, place);
                let words = format!("is always `{value}`");
                self.type_changed(Relation::Narrower, &subject, &words, direction);
            }
            (Property::Constant(value, _), Property::Field(field)) => {
                let subject = Subject::new(path, &field.place);
                let words = format!("was always `{value}`, it may be another value");
                self.type_changed(Relation::Wider, &subject, &words, direction);
            }
        }
    }

    fn field(&mut self, old: &Field, new: &Field, path: String, direction: Direction) {
        let presence = match (direction, old.optional, new.optional) {
            (Direction::Inbound, true, false) => {
                Some((Kind::InboundPropertyRequired, "must be sent"))
            }
            (Direction::Inbound, false, true) => {
                Some((Kind::InboundPropertyOptional, "may be left out"))
            }
            (Direction::Outbound, true, false) => {
                Some((Kind::OutboundPropertyRequired, "is always sent"))
            }
            (Direction::Outbound, false, true) => {
                Some((Kind::OutboundPropertyOptional, "may be missing"))
            }
            _ => None,
        };
        if let Some((kind, words)) = presence {
            self.report(kind, &new.place, format!("{path} {words}"));
        }
        if old.field != new.field {
            let message = format!(
                "the field of {path} was `{}`, it is `{}`",
                old.field, new.field
            );
            self.report(Kind::FieldRenamed, &new.place, message);
        }
        if old.deprecated != new.deprecated {
            let words = if new.deprecated {
                "is deprecated"
            } else {
                "is no longer deprecated"
            };
            self.report(Kind::Deprecation, &new.place, format!("{path} {words}"));
        }
        self.description(&path, old.docs == new.docs, &new.place);
        let subject = Subject::new(path, &new.place);
        // Where a property may be absent, its `Option` says nothing about null.
        let (was, is) = match old.optional || new.optional {
            true => (present(&old.ty), present(&new.ty)),
            false => (&old.ty, &new.ty),
        };
        self.types(was, is, &subject, direction);
    }
}

/// An object's properties, those with a constant among them.
struct Object<'m> {
    properties: Vec<(&'m str, Property<'m>)>,
    additional: Option<&'m Type>,
    closed: bool,
}

/// A property of an object.
enum Property<'m> {
    Field(&'m Field),
    /// Always the same value, and the place of its object.
    Constant(&'m str, &'m Location),
}

impl<'m> Object<'m> {
    fn of(definition: &'m TypeDefinition) -> Self {
        let mut object = Self {
            properties: Vec::new(),
            additional: None,
            closed: false,
        };
        if let Definition::Struct {
            tag,
            fields,
            additional,
            closed,
        } = &definition.definition
        {
            let constant = tag.iter().map(|Constant { name, value }| {
                (name.as_str(), Property::Constant(value, &definition.place))
            });
            let fields = fields
                .iter()
                .map(|field| (field.name.as_str(), Property::Field(field)));
            object.properties = constant.chain(fields).collect();
            object.additional = additional.as_ref().map(|(_, ty)| ty);
            object.closed = *closed;
        }
        object
    }

    fn get(&self, name: &str) -> Option<&Property<'m>> {
        let found = self.properties.iter().find(|(other, _)| *other == name);
        found.map(|(_, property)| property)
    }
}

impl<'m> Property<'m> {
    fn required(&self) -> bool {
        match self {
            Self::Field(field) => !field.optional,
            Self::Constant(..) => true,
        }
    }

    fn place(&self, definition: &'m TypeDefinition) -> &'m Location {
        match self {
            Self::Field(field) => &field.place,
            Self::Constant(..) => &definition.place,
        }
    }
}

fn present(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    }
}
