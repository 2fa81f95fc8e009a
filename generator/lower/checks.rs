//! The rules of a schema that its type cannot hold.

use crate::conformance::integer_bounds;
use crate::diagnostic::{Code, Diagnostics, Location};
use crate::document::Node;
use crate::model::{Bound, Check, Format, Integer, Type};

use super::facts::{Facts, RULES};
use super::unexpressed::unexpressed;

/// Wraps `ty` in the rules that `facts` have for it.
pub(super) fn constrain(ty: Type, facts: &Facts<'_>, diagnostics: &mut Diagnostics) -> Type {
    let mut checks = Vec::new();
    for &(keyword, value) in &facts.rules {
        if let Some(check) = check(&ty, keyword, value, diagnostics)
            && !checks.contains(&check)
        {
            checks.push(check);
        }
    }
    if let Type::Integer(_) = ty {
        for check in facts.format.into_iter().flat_map(width_checks) {
            if !checks.contains(&check) {
                checks.push(check);
            }
        }
    }
    if let (Type::Map(_), [(pattern, schema)], true) = (&ty, &facts.patterns[..], facts.closed) {
        let check = pattern_check(pattern, schema.key_location(), diagnostics);
        checks.extend(check.map(|check| Check::Keys(vec![check])));
    }
    if checks.is_empty() {
        ty
    } else {
        Type::Checked(Box::new(ty), checks)
    }
}

fn check(
    ty: &Type,
    keyword: &str,
    value: Node<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Check> {
    match ty {
        Type::Integer(integer) => integer_check(*integer, keyword, value),
        Type::Number => number_check(keyword, value),
        Type::String => text_check(keyword, value, diagnostics),
        Type::List(_) => list_check(keyword, value),
        Type::Map(_) => map_check(keyword, value, diagnostics),
        _ => None,
    }
}

/// Bounds of integers are integers: `minimum: 0.5` is 1, `exclusiveMinimum: 0` as well.
fn integer_check(integer: Integer, keyword: &str, value: Node<'_>) -> Option<Check> {
    let unsigned = matches!(integer, Integer::U32 | Integer::U64);
    let lower = |bound: f64| {
        whole(bound)
            .filter(|&bound| !(unsigned && bound <= 0))
            .map(|bound| Check::Minimum(Bound::Integer(bound)))
    };
    let upper = |bound: f64| {
        whole(bound)
            .filter(|&bound| !(unsigned && bound < 0))
            .map(|bound| Check::Maximum(Bound::Integer(bound)))
    };
    let number = value.as_f64();
    match keyword {
        "minimum" => exact(value)
            .filter(|&bound| !(unsigned && bound <= 0))
            .map(|bound| Check::Minimum(Bound::Integer(bound)))
            .or_else(|| lower(number?.ceil())),
        "maximum" => exact(value)
            .filter(|&bound| !(unsigned && bound < 0))
            .map(|bound| Check::Maximum(Bound::Integer(bound)))
            .or_else(|| upper(number?.floor())),
        "exclusiveMinimum" => lower(number?.floor() + 1.0),
        "exclusiveMaximum" => upper(number?.ceil() - 1.0),
        "multipleOf" => divisor(number?),
        _ => None,
    }
}

fn number_check(keyword: &str, value: Node<'_>) -> Option<Check> {
    let bound = Bound::Number(value.as_f64()?);
    match keyword {
        "minimum" => Some(Check::Minimum(bound)),
        "maximum" => Some(Check::Maximum(bound)),
        "exclusiveMinimum" => Some(Check::ExclusiveMinimum(bound)),
        "exclusiveMaximum" => Some(Check::ExclusiveMaximum(bound)),
        "multipleOf" => divisor(value.as_f64()?),
        _ => None,
    }
}

fn text_check(keyword: &str, value: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Check> {
    match keyword {
        "minLength" => value
            .as_u64()
            .filter(|&bound| bound > 0)
            .map(Check::MinLength),
        "maxLength" => value.as_u64().map(Check::MaxLength),
        "format" => format(value.as_str()?).map(Check::Format),
        "pattern" => pattern_check(value.as_str()?, value.location(), diagnostics),
        _ => None,
    }
}

fn pattern_check(
    pattern: &str,
    location: Location,
    diagnostics: &mut Diagnostics,
) -> Option<Check> {
    if regex_lite::Regex::new(pattern).is_ok() {
        return Some(Check::Pattern(pattern.to_owned()));
    }
    let (reason, help) = unheld(pattern);
    diagnostics
        .warning(
            Code::UnsupportedSchema,
            location,
            format!("the pattern is not checked: {reason}"),
        )
        .help(help);
    None
}

/// Why a pattern is not held, and what to do.
fn unheld(pattern: &str) -> (String, &'static str) {
    let has = |parts: &[&str]| parts.iter().any(|part| pattern.contains(part));
    let escaped = pattern.split('\\').skip(1);
    let mut escaped = escaped.filter_map(|after| after.chars().next());
    if has(&["(?=", "(?!", "(?<=", "(?<!"]) {
        let reason = "it looks around, and patterns are matched in linear time";
        (
            reason.to_owned(),
            "write it without look-ahead and look-behind",
        )
    } else if escaped.any(|c| matches!(c, '1'..='9' | 'k')) {
        let reason = "it refers back to a group, and patterns are matched in linear time";
        (reason.to_owned(), "write it without back-references")
    } else if has(&["\\p{", "\\P{"]) {
        let reason =
            "it uses a class of Unicode (`\\p`), which the matcher of the runtime does not know";
        (
            reason.to_owned(),
            "list the characters that are meant, such as `[A-Za-zÀ-ÿ]`",
        )
    } else {
        let error = regex_lite::Regex::new(pattern).err();
        let said = error.map(|error| error.to_string()).unwrap_or_default();
        let said = said.lines().last().unwrap_or_default();
        (
            format!("the matcher of the runtime does not take it ({said})"),
            "write it in another way",
        )
    }
}

fn list_check(keyword: &str, value: Node<'_>) -> Option<Check> {
    match keyword {
        "minItems" => value
            .as_u64()
            .filter(|&bound| bound > 0)
            .map(Check::MinItems),
        "maxItems" => value.as_u64().map(Check::MaxItems),
        "uniqueItems" => (value.as_bool() == Some(true)).then_some(Check::Unique),
        _ => None,
    }
}

fn map_check(keyword: &str, value: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Check> {
    match keyword {
        "minProperties" => value
            .as_u64()
            .filter(|&bound| bound > 0)
            .map(Check::MinProperties),
        "maxProperties" => value.as_u64().map(Check::MaxProperties),
        "propertyNames" => keys_check(value, diagnostics),
        _ => None,
    }
}

/// What a schema of keys asks for, where it is made of rules for texts alone.
fn keys_check(schema: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Check> {
    let mut checks = Vec::new();
    for (keyword, value) in schema.entries() {
        if RULES.contains(&keyword) {
            checks.extend(text_check(keyword, value, diagnostics));
        } else if !matches!(keyword, "type" | "title" | "description") {
            unexpressed("propertyNames", schema, diagnostics);
            return None;
        }
    }
    (!checks.is_empty()).then_some(Check::Keys(checks))
}

/// The bounds of an integer by its width, where no type of Rust in use has them.
fn width_checks(format: &str) -> Vec<Check> {
    let bounds = integer_bounds(format).filter(|_| !matches!(format, "int32" | "uint32"));
    let Some((least, most)) = bounds else {
        return Vec::new();
    };
    let lower = (least != 0).then_some(Check::Minimum(Bound::Integer(least)));
    let upper = Check::Maximum(Bound::Integer(most));
    lower.into_iter().chain([upper]).collect()
}

fn format(name: &str) -> Option<Format> {
    Some(match name {
        "date-time" => Format::DateTime,
        "date" => Format::Date,
        "time" => Format::Time,
        "uuid" => Format::Uuid,
        "email" | "idn-email" => Format::Email,
        "ipv4" => Format::Ipv4,
        "ipv6" => Format::Ipv6,
        "uri" => Format::Uri,
        _ => return None,
    })
}

fn divisor(number: f64) -> Option<Check> {
    (number > 0.0 && number.is_finite()).then_some(Check::MultipleOf(Bound::Number(number)))
}

/// An integer that is written as one.
fn exact(value: Node<'_>) -> Option<i64> {
    value.as_i64()
}

/// A whole number that an `i64` holds.
fn whole(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    // Within the range that was just checked the cast is exact.
    #[allow(clippy::cast_possible_truncation)]
    (number.fract() == 0.0 && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
}
