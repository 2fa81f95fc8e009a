//! Text that somebody else chose, as it stands in a log.

use std::fmt;

/// Displays text that a peer may have chosen: cut, and on one line without control characters.
///
/// ```
/// assert_eq!(wsgen_protocol::Escaped("a\nb").to_string(), "a\\nb");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

/// How much of such a text is logged, in characters.
const LOGGED_CHARACTERS: usize = 300;

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LOGGED_CHARACTERS) {
            match character {
                '"' | '\'' => fmt::Write::write_char(formatter, character)?,
                _ => write!(formatter, "{}", character.escape_debug())?,
            }
        }
        if characters.next().is_some() {
            formatter.write_str("…")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_one_line() {
        let text = Escaped("a\n\x1b[31mb\u{202e}\"c\"").to_string();
        assert_eq!(text, "a\\n\\u{1b}[31mb\\u{202e}\"c\"");
        assert_eq!(Escaped(&"x".repeat(1000)).to_string().chars().count(), 301);
    }
}
