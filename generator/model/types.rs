//! Types of payloads.

use super::{Check, Dispatch};
use crate::diagnostic::Location;

/// All types of a service; a [`TypeId`] is an index into it.
#[derive(Debug, Default)]
pub struct Types {
    definitions: Vec<TypeDefinition>,
}

/// Which type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(usize);

impl TypeId {
    /// Its place among all types.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

impl Types {
    /// Adds a type.
    pub fn add(&mut self, definition: TypeDefinition) -> TypeId {
        self.definitions.push(definition);
        TypeId(self.definitions.len() - 1)
    }

    /// The type of this id.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &TypeDefinition {
        &self.definitions[id.0]
    }

    /// The type of this id, to complete it.
    pub fn get_mut(&mut self, id: TypeId) -> &mut TypeDefinition {
        &mut self.definitions[id.0]
    }

    /// All types with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &TypeDefinition)> {
        self.definitions
            .iter()
            .enumerate()
            .map(|(index, definition)| (TypeId(index), definition))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// Whether a type is `Copy` in Rust.
    #[must_use]
    pub fn is_copy(&self, ty: &Type) -> bool {
        match ty {
            Type::Boolean | Type::Integer(_) | Type::Number | Type::Null => true,
            Type::Optional(inner) | Type::Checked(inner, _) => self.is_copy(inner),
            Type::Tuple(items) => items.iter().all(|item| self.is_copy(item)),
            Type::Named(id) => matches!(self.get(*id).definition, Definition::Enumeration(_)),
            _ => false,
        }
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.definitions.len()).map(TypeId)
    }
}

/// A Rust type to define.
#[derive(Debug)]
pub struct TypeDefinition {
    /// Where its schema is.
    pub place: Location,
    /// Its name.
    pub name: String,
    /// What the document says about it.
    pub docs: Vec<String>,
    /// What it is.
    pub definition: Definition,
    /// Whether a value with nothing in it makes sense: a struct all of whose fields may be absent.
    pub has_default: bool,
    /// Whether it has rules beyond its type, or holds a type that has.
    pub is_validated: bool,
    /// Whether it is read from a path, a query or a header.
    pub is_parameter: bool,
}

/// What a type is.
#[derive(Debug)]
pub enum Definition {
    /// An object with known properties.
    Struct {
        /// The constant property that is written first and has no field.
        tag: Option<Constant>,
        /// The properties.
        fields: Vec<Field>,
        /// The field that keeps properties that the document does not list, and the type of their values.
        additional: Option<(String, Type)>,
        /// Whether properties that the document does not list are refused.
        closed: bool,
    },
    /// One of a list of constants.
    Enumeration(Vec<VariantOfEnumeration>),
    /// One of several types.
    Union {
        /// The alternatives, each with the name of its variant.
        variants: Vec<(String, Type)>,
        /// How they are told apart.
        dispatch: Dispatch,
    },
    /// Another type under a name of its own.
    Newtype(Type),
}

impl Definition {
    /// The types that it is made of.
    pub fn parts(&self) -> impl Iterator<Item = &Type> {
        let (fields, additional, variants, inner): (&[Field], _, &[(String, Type)], _) = match self
        {
            Self::Struct {
                fields, additional, ..
            } => (fields, additional.as_ref(), &[], None),
            Self::Union { variants, .. } => (&[], None, variants, None),
            Self::Newtype(ty) => (&[], None, &[], Some(ty)),
            Self::Enumeration(_) => (&[], None, &[], None),
        };
        let fields = fields.iter().map(|field| &field.ty);
        let additional = additional.map(|(_, ty)| ty);
        fields
            .chain(additional)
            .chain(variants.iter().map(|(_, ty)| ty))
            .chain(inner)
    }
}

/// A property that can only be one string.
#[derive(Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its name on the wire.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One constant of an enumeration.
#[derive(Debug)]
pub struct VariantOfEnumeration {
    /// Its name.
    pub name: String,
    /// Its value on the wire.
    pub value: Literal,
    /// What the document says about it.
    pub docs: Vec<String>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// A string.
    String(String),
    /// An integer.
    Integer(i64),
}

/// A property of an object.
#[derive(Debug)]
pub struct Field {
    /// Where the document declares it.
    pub place: Location,
    /// Its name on the wire.
    pub name: String,
    /// Its name in Rust, without `r#`.
    pub field: String,
    /// Its type; [`Type::Optional`] where it may be absent or null.
    pub ty: Type,
    /// Whether it may be absent.
    pub optional: bool,
    /// What the document says about it.
    pub docs: Option<String>,
    /// Whether the document marks it as deprecated.
    pub deprecated: bool,
}

/// A type in use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Boolean,
    /// An integer.
    Integer(Integer),
    /// `f64`
    Number,
    /// `String`
    String,
    /// Bytes, for payloads that are not text.
    Bytes,
    /// Any JSON.
    Value,
    /// `null`
    Null,
    /// `Vec<T>`
    List(Box<Type>),
    /// A list of fixed length.
    Tuple(Vec<Type>),
    /// A map from strings.
    Map(Box<Type>),
    /// `Option<T>`
    Optional(Box<Type>),
    /// `Box<T>`, where a type contains itself.
    Boxed(Box<Type>),
    /// A type with rules that its values must keep.
    Checked(Box<Type>, Vec<Check>),
    /// A type of the document.
    Named(TypeId),
}

impl Type {
    /// The type without its own rules.
    #[must_use]
    pub fn unchecked(&self) -> &Type {
        match self {
            Self::Checked(inner, _) => inner.unchecked(),
            ty => ty,
        }
    }

    /// The type without any rule in it: what it is in Rust.
    #[must_use]
    pub fn bare(&self) -> Type {
        let bare = |ty: &Type| Box::new(ty.bare());
        match self {
            Self::Checked(inner, _) => inner.bare(),
            Self::List(inner) => Self::List(bare(inner)),
            Self::Map(inner) => Self::Map(bare(inner)),
            Self::Optional(inner) => Self::Optional(bare(inner)),
            Self::Boxed(inner) => Self::Boxed(bare(inner)),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Type::bare).collect()),
            ty => ty.clone(),
        }
    }
}

/// A value that stays any JSON.
#[derive(Debug)]
pub struct Untyped {
    /// Its schema.
    pub location: Location,
    /// Whether the document says no more about it; else it says something that no type here expresses.
    pub says_nothing: bool,
}

/// The size of an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integer {
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `u32`
    U32,
    /// `u64`
    U64,
}
