//! The text of a `$ref`: which file, and which value in it (RFC 3986, RFC 6901).

use std::borrow::Cow;

/// A reference as it is written, in its two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Before the `#`: empty for the file that the reference is in.
    pub file: &'a str,
    /// After the `#`: a JSON pointer, empty for the whole file.
    pub pointer: &'a str,
}

impl<'a> Reference<'a> {
    /// Splits the text of a reference.
    pub fn parse(text: &'a str) -> Reference<'a> {
        let (file, pointer) = text.split_once('#').unwrap_or((text, ""));
        Reference { file, pointer }
    }

    /// Whether it points at the network or at another scheme of its own, such as `https:` or `urn:`.
    pub fn is_remote(self) -> bool {
        let scheme = self.file.split(':').next().unwrap_or("");
        let has_scheme = scheme.len() > 1
            && scheme.len() < self.file.len()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        has_scheme || self.file.starts_with("//")
    }

    /// The path of the file, percent-encoding undone.
    pub fn path(self) -> Cow<'a, str> {
        percent_decoded(self.file)
    }

    /// The keys and indices of the pointer, encodings undone; `None` where it does not begin with `/`.
    pub fn segments(self) -> Option<Vec<String>> {
        let pointer = percent_decoded(self.pointer);
        if pointer.is_empty() {
            return Some(Vec::new());
        }
        let unescape = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
        Some(
            pointer
                .strip_prefix('/')?
                .split('/')
                .map(unescape)
                .collect(),
        )
    }
}

/// The text with every `%XX` replaced by its byte; as it is where that would not be UTF-8.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        bytes.push(escaped.map_or(*first, |(high, low)| high * 16 + low));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn undoes_both_encodings() {
        let segments = |text| Reference::parse(text).segments();
        assert_eq!(
            segments("a.yaml#/channels/~1chat~1%7Broom%7D/~01"),
            Some(vec!["channels".into(), "/chat/{room}".into(), "~1".into()])
        );
        assert_eq!(segments("#"), Some(vec![]));
        assert_eq!(segments("#/"), Some(vec![String::new()]));
        assert_eq!(
            segments("#/100%/%zz"),
            Some(vec!["100%".into(), "%zz".into()])
        );
        assert_eq!(segments("#Anchor"), None);
    }

    #[test]
    fn knows_the_network_from_a_file() {
        let remote = |text| Reference::parse(text).is_remote();
        assert!(remote("https://example.com/a.yaml#/b"));
        assert!(remote("//example.com/a.yaml"));
        assert!(remote("urn:a:b"));
        assert!(!remote("./a.yaml#/b:c"));
        assert!(!remote("c:/a.yaml"));
        assert!(!remote("#/a:b"));
    }
}
