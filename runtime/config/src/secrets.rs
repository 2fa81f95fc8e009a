//! Faults of settings whose values are secret: they are told without the value.

use toml::de::Error;

/// Keys with secrets in their values, and what is written there.
const SECRETS: [(&str, &str); 3] = [
    (
        "authentication.tokens",
        "a list of tokens, each \"name:hash\", the hash its SHA-256 in 64 hexadecimal digits",
    ),
    ("broker.url", "an address in quotes"),
    (
        "telemetry.headers",
        "a list of headers, each \"name: value\", in visible ASCII",
    ),
];

/// What is wrong in a file with this text.
pub(crate) fn in_file(error: &Error, text: &str) -> String {
    let at = error.span().map_or(text.len(), |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let (section, setting) = setting(text, before);
    let is_set = |key: &str| {
        key.split_once('.').is_some_and(|(of, name)| {
            has_word(setting, name) && (section == of || has_word(setting, of))
        })
    };
    match SECRETS.into_iter().find(|(key, _)| is_set(key)) {
        Some((key, form)) => {
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {}", without_value(error, key, form))
        }
        None => error.to_string(),
    }
}

/// What is wrong with the value of the variable that sets `SECTION__KEY`.
pub(crate) fn in_variable(error: &Error, keys: &str) -> String {
    let name = keys.to_ascii_lowercase().replacen("__", ".", 1);
    match SECRETS.iter().find(|(key, _)| *key == name) {
        Some((key, form)) => without_value(error, key, form),
        None => error.to_string().trim_end().to_owned(),
    }
}

/// The parser quotes values, and the line that they are on.
fn without_value(error: &Error, key: &str, form: &str) -> String {
    match error.message() {
        // Those quote keys alone.
        message if message.starts_with("unknown field") => message.to_owned(),
        _ => format!("{key} must be {form}; what is there is secret and not shown"),
    }
}

/// The section that `before` ends in, and the lines of the setting there up to that end.
fn setting<'t>(text: &'t str, before: &str) -> (&'t str, &'t str) {
    let mut section = "";
    let mut start = 0;
    let mut next = 0;
    for line in text.split_inclusive('\n') {
        if next > before.len() {
            break;
        }
        if begins_setting(line) {
            start = next;
        } else if let Some(header) = line.trim_start().strip_prefix('[') {
            let name = header.split(']').next().unwrap_or_default();
            section = name.trim().trim_matches(['"', '\'']);
        }
        next += line.len();
    }
    (section, text.get(start..next).unwrap_or(text))
}

/// Whether a text has this key, not as a part of another.
fn has_word(text: &str, word: &str) -> bool {
    let is_of_key = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    text.match_indices(word).any(|(at, _)| {
        let [before, after] = [&text[..at], &text[at + word.len()..]];
        let ends = [before.chars().next_back(), after.chars().next()];
        ends.iter().flatten().all(|c| !is_of_key(c))
    })
}

/// Whether a line has a key and a value, and is not the middle of a list.
fn begins_setting(line: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "-_. \t".contains(c);
    line.split_once('=')
        .is_some_and(|(key, _)| !key.trim().is_empty() && key.chars().all(is_of_key))
}
