//! Finds one key of a JSON object by looking at its bytes once, without building anything.

use std::borrow::Cow;

/// The string, number, boolean or null that `path` leads to: a key of the top-level object of `json`, a key of the object there, …
///
/// One pass, no recursion: nested values are skipped by counting brackets outside strings. Faults of the JSON are not
/// looked for; whatever is found here goes through a real parser afterwards. `None`: not found.
pub(crate) fn find<'a>(json: &'a [u8], path: &[&str]) -> Option<Cow<'a, str>> {
    let mut cursor = Cursor { json, at: 0 };
    path.iter().try_for_each(|key| cursor.enter(key))?;
    cursor.tag_value()
}

/// The item at a position of the list that `json` is, and what follows it.
pub(super) fn item(json: &[u8], position: usize) -> Option<&[u8]> {
    let mut cursor = Cursor { json, at: 0 };
    cursor.byte(b'[')?;
    for _ in 0..position {
        cursor.skip_value()?;
        cursor.byte(b',')?;
    }
    json.get(cursor.at..)
}

/// The value that `json` begins with, if it has no parts.
pub(super) fn value(json: &[u8]) -> Option<Cow<'_, str>> {
    Cursor { json, at: 0 }.tag_value()
}

/// Whether the top-level object of `json` has all of these keys: one pass that ends with the last of them.
pub(crate) fn has_keys(json: &[u8], keys: &[&str]) -> bool {
    let mut missing = keys.to_vec();
    let mut cursor = Cursor { json, at: 0 };
    let mut pass = || {
        cursor.byte(b'{')?;
        while !missing.is_empty() {
            let name = unescaped(cursor.string()?)?;
            missing.retain(|key| *key != name);
            cursor.byte(b':')?;
            cursor.skip_value()?;
            if !missing.is_empty() {
                cursor.byte(b',')?;
            }
        }
        Some(())
    };
    pass().is_some()
}

/// The same JSON with `1.0` and `1e3` as integers, `None` where there is none such; shorter ones are filled up with
/// blanks, so that everything else stays in its place.
pub(crate) fn whole_numbers(json: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor { json, at: 0 };
    let mut rewritten = Vec::new();
    let mut copied = 0;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'"' => drop(cursor.string()?),
            b'-' | b'0'..=b'9' => {
                let start = cursor.at;
                let number = cursor.scalar();
                if let Some(integer) = whole(number) {
                    rewritten.extend_from_slice(json.get(copied..start)?);
                    rewritten.extend_from_slice(format!("{integer:<0$}", number.len()).as_bytes());
                    copied = cursor.at;
                }
            }
            _ => cursor.at += 1,
        }
    }
    (copied > 0).then(|| {
        rewritten.extend_from_slice(json.get(copied..).unwrap_or_default());
        rewritten
    })
}

/// The integer that is written with a fraction or an exponent, where a double holds it exactly.
fn whole(number: &[u8]) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number
        .iter()
        .all(|byte| !matches!(byte, b'.' | b'e' | b'E'))
    {
        return None;
    }
    let number: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    // Within this range the cast is exact.
    #[allow(clippy::cast_possible_truncation)]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Whether brackets are nested deeper than `bound` anywhere in `json`.
pub(crate) fn is_deeper(json: &[u8], bound: usize) -> bool {
    let mut cursor = Cursor { json, at: 0 };
    let mut depth = 0_usize;
    while let Some(byte) = cursor.peek() {
        match byte {
            b'"' if cursor.string().is_none() => return false,
            b'"' => continue,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > bound {
            return true;
        }
        cursor.at += 1;
    }
    false
}

/// The text of a JSON string, given with its quotes.
fn unescaped(quoted: &[u8]) -> Option<Cow<'_, str>> {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted)
            .ok()
            .map(Cow::Owned);
    }
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    std::str::from_utf8(inner).ok().map(Cow::Borrowed)
}

/// A place in the bytes; every step returns `None` at the end or at a byte that cannot stand there.
struct Cursor<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.json.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes on to the value of `key` in the object that begins here.
    fn enter(&mut self, key: &str) -> Option<()> {
        self.byte(b'{')?;
        loop {
            let name = self.string()?;
            self.byte(b':')?;
            if unescaped(name)? == key {
                return Some(());
            }
            self.skip_value()?;
            self.byte(b',')?;
        }
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// A string with its quotes, escapes left as they are.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.byte(b'"')?;
        let start = self.at - 1;
        loop {
            match self.json.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return self.json.get(start..self.at);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// The value here if it has no parts: a string without its quotes, anything else as it is written.
    fn tag_value(&mut self) -> Option<Cow<'a, str>> {
        match self.peek()? {
            b'"' => unescaped(self.string()?),
            b'-' | b'0'..=b'9' => {
                let scalar = self.scalar();
                let is_written = scalar.iter().any(u8::is_ascii_digit);
                let text = std::str::from_utf8(scalar).ok()?;
                is_written.then_some(Cow::Borrowed(text))
            }
            b't' | b'f' | b'n' => match self.scalar() {
                b"true" => Some(Cow::Borrowed("true")),
                b"false" => Some(Cow::Borrowed("false")),
                b"null" => Some(Cow::Borrowed("null")),
                _ => None,
            },
            _ => None,
        }
    }

    fn skip_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_nested(),
            _ => (!self.scalar().is_empty()).then_some(()),
        }
    }

    /// Skips an object or array: brackets are only counted, their kinds are the real parser's business.
    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.json.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> &'a [u8] {
        let rest = self.json.get(self.at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| b",}] \t\r\n".contains(byte))
            .unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Option<&str>) {
        assert_eq!(
            find(json.as_bytes(), &["type"]).as_deref(),
            expected,
            "{json}"
        );
    }

    #[test]
    fn goes_into_objects() {
        let json = br#"{"type":"no","header":{"id":1,"type":"yes"}}"#;
        assert_eq!(find(json, &["header", "type"]).as_deref(), Some("yes"));
        assert_eq!(find(json, &["type", "header"]), None);
        assert_eq!(find(json, &["header"]), None);
    }

    #[test]
    fn finds_values_without_parts() {
        check(r#"{"type":true}"#, Some("true"));
        check(r#"{"type":null}"#, Some("null"));
        check(r#"{"type":1.5}"#, Some("1.5"));
        check(r#"{"type":"say"}"#, Some("say"));
        check(r#" { "type" : "say" , "text":"x"}"#, Some("say"));
        check(r#"{"type":7}"#, Some("7"));
        check(r#"{"type":-7 }"#, Some("-7"));
        check(r#"{"type":""}"#, Some(""));
    }

    #[test]
    fn skips_what_comes_before() {
        check(
            r#"{"a":1,"b":null,"c":[{"type":"no"}],"d":{"type":"no","x":[]},"type":"yes"}"#,
            Some("yes"),
        );
        check(r#"{"text":"\"type\":\"no\"","type":"yes"}"#, Some("yes"));
        check(
            r#"{"text":"}]\\","nested":{"s":"}\"{"},"type":"yes"}"#,
            Some("yes"),
        );
    }

    #[test]
    fn understands_escapes_in_key_and_value() {
        check(r#"{"t\u0079pe":"s\u0061y"}"#, Some("say"));
        check(r#"{"type":"a\nb"}"#, Some("a\nb"));
    }

    #[test]
    fn first_key_wins() {
        check(r#"{"type":"a","type":"b"}"#, Some("a"));
    }

    #[test]
    fn says_nothing_about_the_rest() {
        for json in [
            "",
            "{",
            "{}",
            "[]",
            "null",
            "1",
            "\"type\"",
            r#"{"type""#,
            r#"{"type":"#,
            r#"{"type":"x"#,
            r#"{"type":tru}"#,
            r#"{"type":-}"#,
            r#"{"type":{"a":1}}"#,
            r#"{"a":}"#,
            r#"{"a":"\"#,
            r#"{"a":[}"#,
            r#"{"a":]}"#,
            r#"[{"type":"x"}]"#,
        ] {
            check(json, None);
        }
    }

    #[test]
    fn whole_numbers_become_integers_in_their_place() {
        let rewritten = |json: &str| {
            whole_numbers(json.as_bytes()).map(|json| String::from_utf8_lossy(&json).into_owned())
        };
        let expected = r#"{"a":1  ,"1.0":[-20   ,1.5,1000],"b":0   }"#;
        let found = rewritten(r#"{"a":1.0,"1.0":[-2.0e1,1.5,1e3],"b":-0.0}"#);
        assert_eq!(found.as_deref(), Some(expected));
        for nothing_to_do in [r#"{"a":1,"b":1.5}"#, r#""1.0""#, "1e300", "", "{\"a", "1e"] {
            assert_eq!(rewritten(nothing_to_do), None, "{nothing_to_do}");
        }
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        assert!(is_deeper(br#"{"a":[[]]}"#, 2));
        assert!(!is_deeper(br#"{"a":[[]]}"#, 3));
        assert!(!is_deeper(br#"[[],[],"[[[[\"[["]"#, 2));
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let json = format!(
            "{{\"a\":{}{},\"type\":\"x\"}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        check(&json, Some("x"));
    }
}
