//! Texts without quotes that were booleans and numbers in YAML 1.1, and are texts in YAML 1.2.

use std::fmt;

use super::node::Node;

/// What YAML 1.1 took a text for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OldValue<'a> {
    written: &'a str,
    meant: Meaning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Bool(bool),
    Number(i64),
}

impl<'a> OldValue<'a> {
    /// What YAML 1.1 took a text for; `None` where that is a text as well, or in quotes.
    pub(crate) fn of(node: Node<'a>) -> Option<OldValue<'a>> {
        let text = node.as_str()?;
        let written = &node.file().text()[node.location().span];
        if written != text {
            return None;
        }
        let meant = flag(text).map(Meaning::Bool);
        let meant = meant.or_else(|| sexagesimal(text).map(Meaning::Number))?;
        Some(OldValue {
            written: text,
            meant,
        })
    }

    /// Whether it was a boolean.
    pub(crate) fn is_bool(&self) -> bool {
        matches!(self.meant, Meaning::Bool(_))
    }

    /// Whether it was a number.
    pub(crate) fn is_number(&self) -> bool {
        !self.is_bool()
    }
}

impl fmt::Display for OldValue<'_> {
    /// What it is now, and what to write.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is text in YAML 1.2: write ", self.written)?;
        match self.meant {
            Meaning::Bool(value) => write!(f, "`{value}`"),
            Meaning::Number(value) => write!(f, "`{value}`"),
        }
    }
}

/// A boolean of YAML 1.1 that is none of YAML 1.2 (<https://yaml.org/type/bool.html>).
fn flag(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A whole number to base 60, such as `12:30` (<https://yaml.org/type/int.html>).
fn sexagesimal(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (first, rest) = digits.split_once(':')?;
    if !first.starts_with(|c: char| matches!(c, '1'..='9')) {
        return None;
    }
    let mut value: i64 = whole(first)?;
    for part in rest.split(':') {
        let part = whole(part).filter(|part| *part < 60)?;
        value = value.checked_mul(60)?.checked_add(part)?;
    }
    Some(sign * value)
}

/// A number of digits alone.
fn whole(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
