//! Names and how they may be spelt as the value of a property.

use heck::{
    ToKebabCase, ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToTitleCase, ToUpperCamelCase,
};

/// The words of a name, in small letters.
pub(super) fn name_words(name: &str) -> Vec<String> {
    let words = name.to_snake_case();
    let words = words.split('_').filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The spellings of a name that are common on the wire.
pub(super) fn spellings(words: &[String]) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    let name = words.join("_");
    vec![
        name.to_lower_camel_case(),
        name.to_snake_case(),
        name.to_kebab_case(),
        name.to_upper_camel_case(),
        name.to_shouty_snake_case(),
        words.concat(),
        words.concat().to_uppercase(),
        words.join("."),
        words.join(":"),
        name.to_title_case(),
    ]
}

/// The words of a name without the last where that only says that it is a message.
pub(super) fn stem(words: &[String]) -> &[String] {
    const SAYING_NOTHING: &[&str] = &[
        "message",
        "msg",
        "event",
        "request",
        "response",
        "reply",
        "command",
        "payload",
        "frame",
        "packet",
        "notification",
    ];
    match words {
        [stem @ .., last] if !stem.is_empty() && SAYING_NOTHING.contains(&last.as_str()) => stem,
        words => words,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_name_has_its_spellings() {
        let words = name_words("gameMove");
        for spelling in [
            "gameMove",
            "game_move",
            "GAME_MOVE",
            "game-move",
            "GameMove",
            "game.move",
        ] {
            assert!(
                spellings(&words).iter().any(|found| found == spelling),
                "{spelling}"
            );
            assert_eq!(name_words(spelling), ["game", "move"]);
        }
    }

    #[test]
    fn the_last_word_may_say_nothing() {
        assert_eq!(stem(&name_words("PingMessage")), ["ping"]);
        assert_eq!(stem(&name_words("message")), ["message"]);
    }
}
