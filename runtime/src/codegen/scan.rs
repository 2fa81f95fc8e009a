//! Finds one key of a JSON object by looking at its bytes once, without building anything.

use std::borrow::Cow;

/// The string or integer value of `key` in the top-level object of `json`.
///
/// One pass, no recursion: nested values are skipped by counting brackets outside strings. Faults of the JSON are not
/// looked for; whatever is found here goes through a real parser afterwards. `None`: not found.
pub(super) fn find<'a>(json: &'a [u8], key: &str) -> Option<Cow<'a, str>> {
    let mut cursor = Cursor { json, at: 0 };
    cursor.byte(b'{')?;
    loop {
        let name = cursor.string()?;
        cursor.byte(b':')?;
        if unescaped(name)? == key {
            return cursor.tag_value();
        }
        cursor.skip_value()?;
        cursor.byte(b',')?;
    }
}

/// Whether the top-level object of `json` has all of these keys: one pass that ends with the last of them.
pub(super) fn has_keys(json: &[u8], keys: &[&str]) -> bool {
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

    /// The value here if it is a string or an integer.
    fn tag_value(&mut self) -> Option<Cow<'a, str>> {
        match self.peek()? {
            b'"' => unescaped(self.string()?),
            b'-' | b'0'..=b'9' => {
                let scalar = self.scalar();
                let digits = scalar.strip_prefix(b"-").unwrap_or(scalar);
                let integer = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
                integer
                    .then(|| std::str::from_utf8(scalar).ok().map(Cow::Borrowed))
                    .flatten()
            }
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
        assert_eq!(find(json.as_bytes(), "type").as_deref(), expected, "{json}");
    }

    #[test]
    fn finds_strings_and_integers() {
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
            r#"{"type":true}"#,
            r#"{"type":1.5}"#,
            r#"{"type":1e3}"#,
            r#"{"type":-}"#,
            r#"{"type":null}"#,
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
    fn deep_nesting_is_no_recursion() {
        let json = format!(
            "{{\"a\":{}{},\"type\":\"x\"}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        check(&json, Some("x"));
    }
}
