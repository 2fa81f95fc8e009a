//! Types of payloads.

use super::checks::Check;
use super::dispatch::{Dispatch, Literal, VariantId};
use crate::diagnostic::Location;
use crate::table::{Table, ids};

ids! {
    /// Which type of a service.
    TypeId;
}

/// Types by their ids.
pub type Definitions = Table<TypeId, TypeDefinition>;

/// All types of a service, and what each is used for.
#[derive(Debug, Default)]
pub struct Types {
    definitions: Definitions,
    usage: Table<TypeId, Usage>,
}

/// What the values of a type are used for, beside being sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Whether something that arrives is of the type or holds it, and has rules that its types cannot express.
    pub validated: bool,
    /// Whether it is read from a path, a query or a header.
    pub parameter: bool,
}

impl Types {
    /// Types, each with its use.
    #[must_use]
    pub fn new(definitions: Definitions, usage: Table<TypeId, Usage>) -> Self {
        Self { definitions, usage }
    }

    /// The type of this id.
    #[must_use]
    pub fn get(&self, id: TypeId) -> &TypeDefinition {
        &self.definitions[id]
    }

    /// What the type of this id is used for.
    #[must_use]
    pub fn usage(&self, id: TypeId) -> Usage {
        self.usage[id]
    }

    /// All types with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (TypeId, &TypeDefinition)> {
        self.definitions.entries()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
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
        variants: Table<VariantId, (String, Type)>,
        /// How they are told apart.
        dispatch: Dispatch,
    },
    /// Another type under a name of its own.
    Newtype(Type),
}

impl Definition {
    /// Whether a value with nothing in it makes sense: a struct all of whose fields may be absent.
    #[must_use]
    pub fn has_default(&self) -> bool {
        matches!(self, Self::Struct { fields, .. } if fields.iter().all(|field| field.optional))
    }

    /// The types that it is made of.
    pub fn parts(&self) -> impl Iterator<Item = &Type> {
        let (fields, additional, variants, inner): (&[Field], _, &[(String, Type)], _) = match self
        {
            Self::Struct {
                fields, additional, ..
            } => (fields, additional.as_ref(), &[], None),
            Self::Union { variants, .. } => (&[], None, variants.as_slice(), None),
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
