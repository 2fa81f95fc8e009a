//! Tells payloads apart by their shape, where no tag does.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::decode::DecodeError;
use crate::scan;

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `{}`
    Object,
    /// `[]`
    Array,
    /// `""`
    String,
    /// `0`
    Number,
    /// `true`
    Boolean,
    /// `null`
    Null,
}

/// Whether a payload is of one of these types, by its first byte: whether it is JSON at all is found out when it is parsed.
pub fn is_any_of(payload: &[u8], kinds: &[JsonKind]) -> bool {
    let first = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    let found = match first {
        Some(b'{') => JsonKind::Object,
        Some(b'[') => JsonKind::Array,
        Some(b'"') => JsonKind::String,
        Some(b't' | b'f') => JsonKind::Boolean,
        Some(b'n') => JsonKind::Null,
        Some(b'-' | b'0'..=b'9') => JsonKind::Number,
        _ => return false,
    };
    kinds.contains(&found)
}

/// Whether a payload is an object with all of these keys at its top level; one pass over the bytes.
pub fn has_keys(payload: &[u8], keys: &[&str]) -> bool {
    scan::has_keys(payload, keys)
}

/// Whether a payload is an object that has one of these values at a path: a key, or the key of an object and one in it.
pub fn has_value(payload: &[u8], path: &[&str], values: &[&str]) -> bool {
    scan::find(payload, path).is_some_and(|found| values.contains(&&*found))
}

/// The item of a list at a position, as JSON; empty where the payload is no list or has no such item.
pub fn item(payload: &[u8], position: usize) -> &[u8] {
    scan::item(payload, position).unwrap_or_default()
}

/// Whether a value is one of these: strings without quotes, everything else as JSON writes it.
pub fn is_one_of(value: &[u8], values: &[&str]) -> bool {
    scan::value(value).is_some_and(|found| values.contains(&&*found))
}

/// A payload that is the text itself.
///
/// # Errors
/// Bytes that are not UTF-8.
pub fn text(payload: &[u8]) -> Result<String, DecodeError> {
    std::str::from_utf8(payload)
        .map(str::to_owned)
        .map_err(|_| DecodeError::malformed("the payload is not UTF-8 text"))
}

/// As deep as `serde_json` goes, which starts to count anew with each alternative.
const MAX_DEPTH: usize = 128;

/// Reads one of several types from inside a value: `choose` looks at its JSON and decodes the right one.
///
/// # Errors
/// What the deserializer or `choose` says.
pub fn alternatives<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    choose: impl FnOnce(&[u8]) -> Result<T, DecodeError>,
) -> Result<T, D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    if scan::is_deeper(json.get().as_bytes(), MAX_DEPTH) {
        return Err(D::Error::custom("nested too deep"));
    }
    choose(json.get().as_bytes()).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nested(#[allow(dead_code, reason = "how deep it goes is what counts")] Vec<Nested>);

    impl<'de> Deserialize<'de> for Nested {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            alternatives(deserializer, |payload| {
                crate::json::from_json(payload).map(Nested)
            })
        }
    }

    #[test]
    fn alternatives_inside_alternatives_do_not_exhaust_the_stack() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(serde_json::from_str::<Nested>(&nested(100)).is_ok());
        assert!(serde_json::from_str::<Nested>(&nested(30_000)).is_err());
    }

    #[test]
    fn shapes_are_seen_without_parsing() {
        assert!(is_any_of(b" {", &[JsonKind::Array, JsonKind::Object]));
        assert!(is_any_of(b"-1", &[JsonKind::Number]));
        assert!(!is_any_of(b"", &[JsonKind::Null]));
        assert!(has_keys(br#"{"a":{"c":1},"b":[]}"#, &["b", "a"]));
        assert!(!has_keys(br#"{"a":{"c":1},"b":[]}"#, &["a", "c"]));
        assert!(!has_keys(br#"{"a":1,"a":2}"#, &["a", "b"]));
        assert!(!has_keys(b"[]", &["a"]));
        assert!(has_keys(br#"{"\u0061":1}"#, &["a"]));
    }

    #[test]
    fn items_are_seen_by_their_position() {
        let list = br#" [1, {"a":[2,"x"]} ,"ticker", true]"#;
        assert!(is_one_of(item(list, 2), &["book", "ticker"]));
        assert!(is_one_of(item(list, 3), &["true"]));
        assert!(is_any_of(item(list, 1), &[JsonKind::Object]));
        for (list, position) in [
            (&b"[1,2]"[..], 2),
            (b"{}", 0),
            (b"[]", 0),
            (b"", 0),
            (b"[1", 1),
        ] {
            assert!(!is_one_of(item(list, position), &["2", ""]));
            assert!(!is_any_of(item(list, position), &[JsonKind::Number]));
        }
    }
}
