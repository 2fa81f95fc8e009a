//! What a schema asks for beyond a type.

/// A rule that a value must keep.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// `minimum`
    Minimum(Bound),
    /// `maximum`
    Maximum(Bound),
    /// `exclusiveMinimum` of a number that need not be whole.
    ExclusiveMinimum(Bound),
    /// `exclusiveMaximum` of a number that need not be whole.
    ExclusiveMaximum(Bound),
    /// `multipleOf`
    MultipleOf(Bound),
    /// `minLength`, in characters.
    MinLength(u64),
    /// `maxLength`, in characters.
    MaxLength(u64),
    /// `pattern`: one that the runtime can compile.
    Pattern(String),
    /// `format`
    Format(Format),
    /// `minItems`
    MinItems(u64),
    /// `maxItems`
    MaxItems(u64),
    /// `uniqueItems`
    Unique,
    /// `minProperties`
    MinProperties(u64),
    /// `maxProperties`
    MaxProperties(u64),
    /// `propertyNames`, or the only pattern of `patternProperties`: what each key must keep.
    Keys(Vec<Check>),
}

/// A number to compare with: an integer for integers, any number for the others.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// For integers.
    Integer(i64),
    /// For numbers; never NaN.
    Number(f64),
}

impl Bound {
    /// The nearest number: integers beyond 2^53 lose their last digits.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        reason = "for comparing, where the nearest number will do"
    )]
    pub fn nearest(self) -> f64 {
        match self {
            Self::Integer(number) => number as f64,
            Self::Number(number) => number,
        }
    }
}

/// A format of strings that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `date-time`
    DateTime,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `uuid`
    Uuid,
    /// `email`
    Email,
    /// `ipv4`
    Ipv4,
    /// `ipv6`
    Ipv6,
    /// `uri`
    Uri,
}

impl Bound {
    /// What tells two bounds apart: numbers are compared by their bits.
    fn key(self) -> (bool, u64) {
        match self {
            Self::Integer(number) => (true, number.cast_unsigned()),
            Self::Number(number) => (false, number.to_bits()),
        }
    }
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Bound {}

impl std::hash::Hash for Bound {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
