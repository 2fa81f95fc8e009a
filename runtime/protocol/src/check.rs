//! The rules of a schema that a type cannot hold: ranges, lengths, patterns, formats.

use std::collections::HashSet;
use std::fmt::{self, Debug};

use serde::Serialize;

use crate::{DecodeError, format};

/// A type with rules of its own, or that contains one with rules.
pub trait Validate {
    /// Checks all of them.
    ///
    /// # Errors
    /// The first one that does not hold.
    fn validate(&self) -> Result<(), Violation>;
}

/// A value that breaks a rule of the document: where, which rule, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// From the inside out: it is made where the rule is broken, and completed on the way out.
    place: Vec<String>,
    rule: String,
    found: String,
}

/// Characters of a value that are repeated to the peer and in the log.
const SHOWN: usize = 40;

impl Violation {
    fn new(rule: impl Into<String>, found: impl Debug) -> Self {
        let found = format!("{found:?}");
        let mut shown: String = found.chars().take(SHOWN).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        Self {
            place: Vec::new(),
            rule: rule.into(),
            found: shown,
        }
    }

    fn within(mut self, part: impl Into<String>) -> Self {
        self.place.push(part.into());
        self
    }

    /// Where, as a JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let parts = self.place.iter().rev();
        parts
            .map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")))
            .collect()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, found, .. } = self;
        match self.pointer().as_str() {
            "" => write!(formatter, "{rule}, found {found}"),
            pointer => write!(formatter, "{pointer}: {rule}, found {found}"),
        }
    }
}

impl From<Violation> for DecodeError {
    fn from(violation: Violation) -> Self {
        Self::invalid(violation.to_string())
    }
}

/// What a check says.
pub type Outcome = Result<(), Violation>;

/// Says that what was checked is the property `name` of an object.
///
/// # Errors
/// What the check said.
pub fn at(name: &str, outcome: Outcome) -> Outcome {
    outcome.map_err(|violation| violation.within(name))
}

/// Checks a value that may be absent.
///
/// # Errors
/// What `check` says of it.
pub fn present<T>(value: &Option<T>, check: impl FnOnce(&T) -> Outcome) -> Outcome {
    value.as_ref().map_or(Ok(()), check)
}

/// Checks every item of a list.
///
/// # Errors
/// What `check` says of the first that it refuses.
pub fn each<T>(items: &[T], check: impl Fn(&T) -> Outcome) -> Outcome {
    items.iter().enumerate().try_for_each(|(index, item)| {
        check(item).map_err(|violation| violation.within(index.to_string()))
    })
}

/// Checks every value of a map.
///
/// # Errors
/// What `check` says of the first that it refuses.
pub fn each_value<'a, T: 'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a T)>,
    check: impl Fn(&T) -> Outcome,
) -> Outcome {
    entries.into_iter().try_for_each(|(key, value)| {
        check(value).map_err(|violation| violation.within(key.as_str()))
    })
}

/// Checks every key of a map.
///
/// # Errors
/// What `check` says of the first that it refuses.
pub fn each_key<'a, T: 'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a T)>,
    check: impl Fn(&str) -> Outcome,
) -> Outcome {
    entries
        .into_iter()
        .try_for_each(|(key, _)| check(key).map_err(|violation| violation.within(key.as_str())))
}

/// `minimum`
///
/// # Errors
/// A smaller number.
pub fn minimum<N: PartialOrd + Debug>(value: &N, bound: N) -> Outcome {
    ensure(
        *value >= bound,
        || format!("at least {bound:?} is expected"),
        value,
    )
}

/// `maximum`
///
/// # Errors
/// A greater number.
pub fn maximum<N: PartialOrd + Debug>(value: &N, bound: N) -> Outcome {
    ensure(
        *value <= bound,
        || format!("at most {bound:?} is expected"),
        value,
    )
}

/// `exclusiveMinimum`
///
/// # Errors
/// A number that is not greater.
pub fn exclusive_minimum(value: &f64, bound: f64) -> Outcome {
    ensure(
        *value > bound,
        || format!("more than {bound:?} is expected"),
        value,
    )
}

/// `exclusiveMaximum`
///
/// # Errors
/// A number that is not smaller.
pub fn exclusive_maximum(value: &f64, bound: f64) -> Outcome {
    ensure(
        *value < bound,
        || format!("less than {bound:?} is expected"),
        value,
    )
}

/// `multipleOf`
///
/// # Errors
/// A number that is no multiple, beyond what rounding explains.
pub fn multiple_of<N: Copy + Debug + AsNumber>(value: &N, divisor: f64) -> Outcome {
    let quotient = value.as_number() / divisor;
    let multiple = (quotient - quotient.round()).abs() <= quotient.abs().max(1.0) * 1e-9;
    ensure(
        multiple,
        || format!("a multiple of {divisor:?} is expected"),
        value,
    )
}

/// Numbers that can be divided.
pub trait AsNumber {
    /// The nearest `f64`.
    fn as_number(&self) -> f64;
}

macro_rules! as_number {
    ($($ty:ty),*) => {$(
        impl AsNumber for $ty {
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, trivial_numeric_casts)]
            fn as_number(&self) -> f64 {
                *self as f64
            }
        }
    )*};
}

as_number!(i32, i64, u32, u64, f64);

/// `minLength`, in characters.
///
/// # Errors
/// A shorter text.
pub fn min_length(text: &str, bound: usize) -> Outcome {
    let long = text.chars().nth(bound.saturating_sub(1)).is_some() || bound == 0;
    ensure(
        long,
        || format!("at least {bound} characters are expected"),
        text,
    )
}

/// `maxLength`, in characters.
///
/// # Errors
/// A longer text.
pub fn max_length(text: &str, bound: usize) -> Outcome {
    let short = text.len() <= bound || text.chars().nth(bound).is_none();
    ensure(
        short,
        || format!("at most {bound} characters are expected"),
        text,
    )
}

/// `pattern`: `check::pattern!(text, "^[a-z]+$")` compiles it once, when it is first needed.
pub use crate::pattern;

/// What [`pattern!`](crate::pattern) does once it is compiled.
///
/// # Errors
/// A text without a match.
pub fn matches(text: &str, pattern: &Pattern) -> Outcome {
    ensure(
        pattern.0.is_match(text),
        || format!("a match of {} is expected", pattern.0.as_str()),
        text,
    )
}

/// Checks a text against a regular expression that is compiled once.
#[doc(hidden)]
#[macro_export]
macro_rules! pattern {
    ($text:expr, $pattern:literal) => {{
        static PATTERN: ::std::sync::LazyLock<$crate::check::Pattern> =
            ::std::sync::LazyLock::new(|| $crate::check::Pattern::new($pattern));
        $crate::check::matches($text, &PATTERN)
    }};
}

/// A regular expression; wsgen has checked that it is one.
#[derive(Debug)]
pub struct Pattern(regex_lite::Regex);

impl Pattern {
    /// # Panics
    /// When `text` is no regular expression: generated code has only those that wsgen could compile itself.
    #[allow(clippy::expect_used)]
    pub fn new(text: &str) -> Self {
        Self(regex_lite::Regex::new(text).expect("wsgen generates only patterns that compile"))
    }
}

/// `format`
///
/// # Errors
/// A text that is not of the format.
pub fn format(text: &str, format: Format) -> Outcome {
    ensure(
        format::holds(text, format),
        || format!("{} is expected", format.describe()),
        text,
    )
}

pub use crate::format::Format;

/// `minItems`
///
/// # Errors
/// Fewer items.
pub fn min_items<T>(items: &[T], bound: usize) -> Outcome {
    ensure(
        items.len() >= bound,
        || format!("at least {bound} items are expected"),
        items.len(),
    )
}

/// `maxItems`
///
/// # Errors
/// More items.
pub fn max_items<T>(items: &[T], bound: usize) -> Outcome {
    ensure(
        items.len() <= bound,
        || format!("at most {bound} items are expected"),
        items.len(),
    )
}

/// `uniqueItems`
///
/// # Errors
/// Two equal items.
pub fn unique<T: Serialize>(items: &[T]) -> Outcome {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().enumerate().try_for_each(|(index, item)| {
        // Compared as JSON, in which equal values of one type are written alike.
        let text = serde_json::to_string(item).unwrap_or_default();
        ensure(
            seen.insert(text),
            || "an item that was not there before is expected".to_owned(),
            "a repetition",
        )
        .map_err(|violation| violation.within(index.to_string()))
    })
}

/// `minProperties`
///
/// # Errors
/// Fewer entries.
pub fn min_properties(count: usize, bound: usize) -> Outcome {
    ensure(
        count >= bound,
        || format!("at least {bound} properties are expected"),
        count,
    )
}

/// `maxProperties`
///
/// # Errors
/// More entries.
pub fn max_properties(count: usize, bound: usize) -> Outcome {
    ensure(
        count <= bound,
        || format!("at most {bound} properties are expected"),
        count,
    )
}

/// Lets a value through that keeps its rules.
///
/// # Errors
/// The rule that it breaks.
pub fn accept<T>(value: T, check: impl FnOnce(&T) -> Outcome) -> Result<T, DecodeError> {
    check(&value)?;
    Ok(value)
}

fn ensure(holds: bool, rule: impl FnOnce() -> String, found: impl Debug) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(rule(), found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_says_where_and_what() {
        let legs = vec![1.0, -2.5];
        let outcome = at("order/1", at("legs", each(&legs, |leg| minimum(leg, 0.0))));
        let text = outcome.map_err(|violation| violation.to_string());
        assert_eq!(
            text,
            Err("/order~11/legs/1: at least 0.0 is expected, found -2.5".to_owned())
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(max_length("äöü", 3).is_ok());
        assert!(max_length("äöü!", 3).is_err());
        assert!(min_length("äö", 3).is_err());
        assert!(min_length("äöü", 3).is_ok());
        assert!(min_length("", 0).is_ok());
    }

    #[test]
    fn multiples_survive_rounding() {
        assert!(multiple_of(&0.3, 0.1).is_ok());
        assert!(multiple_of(&0.35, 0.1).is_err());
        assert!(multiple_of(&9_i64, 3.0).is_ok());
        assert!(multiple_of(&10_i64, 3.0).is_err());
    }

    #[test]
    fn repetitions_are_found() {
        assert!(unique(&[1, 2, 3]).is_ok());
        assert!(unique(&["a", "b", "a"]).is_err());
    }

    #[test]
    fn long_values_are_not_repeated_whole() {
        let text = max_length(&"x".repeat(10_000), 3).map_err(|violation| violation.to_string());
        assert!(text.is_err_and(|text| text.len() < 120));
    }
}
