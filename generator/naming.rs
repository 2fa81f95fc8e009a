//! Names of a document turned into names of Rust and of files: case, keywords, collisions.
//!
//! A name on the wire never changes: where the Rust name differs, serde's `rename` keeps the original.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Literal;

/// A name for a type, a trait or a variant: `UpperCamelCase`.
#[must_use]
pub fn type_name(name: &str) -> String {
    identifier(&spell(name).to_upper_camel_case(), "Unnamed")
}

/// A name for a field, a function or a module: `snake_case`, without `r#` (see [`is_keyword`]).
#[must_use]
pub fn value_name(name: &str) -> String {
    identifier(&spell(name).to_snake_case(), "unnamed")
}

/// A name for a file or a package: `kebab-case` of ASCII letters and digits, never empty, never a device name of Windows.
#[must_use]
pub fn file_name(name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let mut kebab = ascii.to_kebab_case();
    kebab.truncate(MAX_FILE_NAME);
    let kebab = kebab.trim_matches('-').to_owned();
    match kebab.chars().next() {
        None => "unnamed".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{kebab}"),
        Some(_) if RESERVED_FILES.contains(&kebab.as_str()) => format!("{kebab}-file"),
        Some(_) => kebab,
    }
}

/// Whether `name` has to be written `r#name`, or is no name even so (`self`).
#[must_use]
pub fn is_keyword(name: &str) -> bool {
    KEYWORDS.binary_search(&name).is_ok()
}

/// The words that edition 2024 takes for no identifiers as they are, in order (The Rust Reference, "Keywords").
const KEYWORDS: &[&str] = &[
    "Self", "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Whether a character is not seen as itself: a control character, one that turns the direction of text, or one that
/// Unicode has renderers ignore. The two that choose between text and emoji are seen by what they choose.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with what is not seen by its code, `\u{202e}`: what is read is what is there. Every text of a document that
/// goes into a file goes through here, or, as a literal of another language, is escaped for the same characters.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_invisible(c) {
            true => visible.extend(c.escape_unicode()),
            false => visible.push(c),
        }
    }
    Cow::Owned(visible)
}

/// The same for a text of several lines, which end as they do.
#[must_use]
pub fn visible_lines(text: String) -> String {
    match text.contains(|c| c != '\n' && is_invisible(c)) {
        true => text.split('\n').map(visible).collect::<Vec<_>>().join("\n"),
        false => text,
    }
}

/// A name as an identifier; keywords become raw ones.
#[must_use]
pub fn raw_identifier(name: &str) -> String {
    if is_keyword(name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// A string literal: a raw one where that is easier to read, and where nothing in it has to be escaped.
#[must_use]
pub fn string_literal(text: &str) -> Literal {
    // Rust takes no more than 255 of `#`.
    let raw =
        text.contains(['"', '\\']) && !text.contains(is_invisible) && !text.contains("\"########");
    if raw && let Ok(literal) = raw_string(text).parse() {
        return literal;
    }
    let escaped = Literal::string(text);
    let repr = escaped.to_string();
    match visible(&repr) {
        Cow::Borrowed(_) => escaped,
        Cow::Owned(visible) => visible.parse().unwrap_or(escaped),
    }
}

/// A key of TOML: as it is where that is allowed.
#[must_use]
pub fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match !key.is_empty() && key.chars().all(bare) {
        true => key.to_owned(),
        false => toml_string(key),
    }
}

/// A basic string of TOML, or a double-quoted scalar of YAML: both know these escapes.
#[must_use]
pub fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_invisible(c) => match u32::from(c) {
                code @ ..=0xffff => quoted.push_str(&format!("\\u{code:04X}")),
                code => quoted.push_str(&format!("\\U{code:08X}")),
            },
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A raw string literal with as many `#` as the text needs.
fn raw_string(text: &str) -> String {
    let mut hashes = "#".to_owned();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// Names for wire values by `name`, each from its value alone: those that would be called the same all get a longer name, so
/// that neither their order nor one more of them gives a name another meaning.
#[must_use]
pub fn distinct_names(values: &[&str], name: impl Fn(&str) -> String) -> Vec<String> {
    let mut names: Vec<String> = values.iter().map(|value| name(value)).collect();
    let short = repeated(&names);
    for (given, value) in names.iter_mut().zip(values) {
        if short.contains(given) {
            *given = name(&at_length(value));
        }
    }
    let long = repeated(&names);
    for (given, value) in names.iter_mut().zip(values) {
        if long.contains(given) {
            *given = name(&format!("{value} x{:08x}", checksum(value)));
        }
    }
    names
}

fn repeated(names: &[String]) -> HashSet<String> {
    let mut seen = HashSet::new();
    let again = names.iter().filter(|name| !seen.insert(*name));
    again.cloned().collect()
}

/// A value with what its name alone does not show: `small p`, `capital price`, `small m-w minus`.
fn at_length(value: &str) -> String {
    let letters: Vec<char> = value.chars().filter(|c| c.is_alphabetic()).collect();
    let upper = letters.iter().filter(|c| c.is_uppercase()).count();
    let case = match letters.first() {
        None => String::new(),
        Some(_) if upper == 0 => "small".to_owned(),
        Some(first) if first.is_uppercase() && upper == 1 => "capital".to_owned(),
        Some(_) if upper == letters.len() => "upper".to_owned(),
        Some(_) => {
            let capitals = letters.iter().enumerate().filter(|(_, c)| c.is_uppercase());
            let places = capitals.map(|(place, _)| (place + 1).to_string());
            format!("mixed{}", places.collect::<Vec<_>>().join("and"))
        }
    };
    let signs = value.chars().filter(|c| !c.is_alphanumeric());
    let signs = signs.map(|c| match symbol(c) {
        Some(word) => word.to_owned(),
        None => format!("u{:04x}", u32::from(c)),
    });
    format!("{case} {value} {}", signs.collect::<Vec<_>>().join(" "))
}

/// FNV-1a: the same for the same text, everywhere.
fn checksum(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

/// The names that are taken in one scope, such as the fields of a struct or the types of a module.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    taken: HashSet<String>,
    /// The number from which on a name may be free, by what is numbered.
    next: HashMap<String, u64>,
}

impl Scope {
    /// A scope in which `reserved` names are taken from the start.
    #[must_use]
    pub fn reserving(reserved: &[&str]) -> Self {
        Self {
            taken: reserved.iter().map(|&name| name.to_owned()).collect(),
            next: HashMap::new(),
        }
    }

    /// Takes the first of `candidates` that is free, or else the last of them with the first number that is: `ping_2`.
    pub fn claim(&mut self, candidates: &[&str]) -> String {
        self.claim_with("_", candidates)
    }

    /// As [`Scope::claim`], for types, traits and variants: `Ping2`.
    pub fn claim_type(&mut self, candidates: &[&str]) -> String {
        self.claim_with("", candidates)
    }

    fn claim_with(&mut self, separator: &str, candidates: &[&str]) -> String {
        let free = candidates.iter().find(|name| !self.taken.contains(**name));
        let name = match free {
            Some(name) => (*name).to_owned(),
            None => self.numbered(candidates.last().copied().unwrap_or("unnamed"), separator),
        };
        self.taken.insert(name.clone());
        name
    }

    fn numbered(&mut self, base: &str, separator: &str) -> String {
        // `Self_` is no name with a number, `Self2` is.
        let stem = base.trim_end_matches('_');
        let next = self.next.entry(base.to_owned()).or_insert(2);
        loop {
            let name = format!("{stem}{separator}{next}");
            *next += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }
}

/// Names that a type of a document does not take, because the generated code means the standard library's or serde's by them.
pub const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Drop",
    "Eq",
    "Err",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Serialize",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// Names that a trait does not take, because the module of its route or the handlers mean something else by them.
pub const ROUTE_NAMES: &[&str] = &[
    "Arc",
    "Authenticate",
    "CloseReason",
    "Context",
    "Credential",
    "Decode",
    "DecodeError",
    "Encode",
    "EncodeError",
    "Endpoint",
    "Error",
    "Frame",
    "Future",
    "Handler",
    "Handlers",
    "Handshake",
    "Inbound",
    "Message",
    "Outbound",
    "Principal",
    "Reject",
    "Request",
    "Route",
    "Server",
    "Topics",
    "Unauthorized",
];

const MAX_FILE_NAME: usize = 60;

/// How many bytes of a name become one in Rust: modules are files, no name of which has more than 255.
const MAX_NAME: usize = 100;

/// Names that Cargo or Windows give a meaning of their own.
const RESERVED_FILES: &[&str] = &[
    "aux",
    "build",
    "con",
    "core",
    "deps",
    "examples",
    "incremental",
    "lib",
    "main",
    "mod",
    "nul",
    "prn",
    "proc-macro",
    "std",
    "test",
    "tokio",
    "tracing",
    "wsgen-runtime",
];

/// Words for what would otherwise vanish from a name, so that `+1` and `-1`, or `<` and `>`, stay apart.
fn spell(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    let meaningful = name.chars().any(char::is_alphanumeric);
    for (position, c) in name.chars().enumerate() {
        if spelled.len() >= MAX_NAME {
            break;
        }
        match symbol(c) {
            Some(word)
                if !meaningful || (position == 0 && matches!(c, '+' | '-' | '<' | '>' | '!')) =>
            {
                spelled.push_str(word);
                spelled.push(' ');
            }
            _ if unicode_ident::is_xid_continue(c) && !is_invisible(c) => spelled.push(c),
            // The value alone decides: two signs without a word have different names.
            _ if !meaningful && !is_invisible(c) && !c.is_whitespace() => {
                spelled.push_str(&format!("u{:04x} ", u32::from(c)));
            }
            _ => spelled.push(' '),
        }
    }
    spelled
}

fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '+' => "plus",
        '-' => "minus",
        '*' => "star",
        '/' => "slash",
        '<' => "less",
        '>' => "greater",
        '=' => "equal",
        '!' => "not",
        '%' => "percent",
        '&' => "and",
        '|' => "or",
        '^' => "caret",
        '$' => "dollar",
        '#' => "hash",
        '@' => "at",
        '.' => "dot",
        ',' => "comma",
        ':' => "colon",
        ';' => "semicolon",
        '?' => "question",
        '~' => "tilde",
        '_' => "underscore",
        _ => return None,
    })
}

/// Makes `name` an identifier, whatever is left of it.
fn identifier(name: &str, otherwise: &str) -> String {
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(first) if !unicode_ident::is_xid_start(first) => format!("_{name}"),
        Some(_) if NEVER_RAW.contains(&name) => format!("{name}_"),
        Some(_) => name.to_owned(),
    }
}

/// Keywords that cannot even be raw identifiers.
const NEVER_RAW: &[&str] = &["Self", "_", "crate", "self", "super"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_seen_and_says_the_same() {
        let unseen = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
        let unseen: String = unseen.filter(|c| is_invisible(*c)).collect();
        for text in [
            "",
            "a",
            "\"",
            "\\",
            "\"#",
            "\"##########",
            "a\"\n",
            "\u{202e}\"",
            &unseen,
        ] {
            let literal = string_literal(text).to_string();
            assert!(!literal.contains(is_invisible), "{literal:?}");
            let read: syn::LitStr = syn::parse_str(&literal).unwrap();
            assert_eq!(read.value(), text);
        }
    }

    #[test]
    fn values_of_one_name_all_get_a_longer_one() {
        let values = ["e", "E", "price", "a-b", "a_b", "aB", "≥", "≈"];
        let names = distinct_names(&values, value_name);
        let expected = [
            "small_e",
            "capital_e",
            "price",
            "small_a_b_minus",
            "small_a_b_underscore",
            "mixed2_a_b",
            "u2265",
            "u2248",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_name_fits_into_the_name_of_a_file() {
        for name in [
            "a".repeat(1000),
            "aB".repeat(500),
            "字".repeat(300),
            "<".repeat(300),
        ] {
            assert!(value_name(&name).len() < 240, "{}", value_name(&name));
        }
    }

    #[test]
    fn names_are_identifiers_whatever_the_document_says() {
        for (wire, expected) in [
            ("chatMessage", "ChatMessage"),
            ("chat message", "ChatMessage"),
            ("1m", "_1m"),
            ("", "Unnamed"),
            ("+", "Plus"),
            ("<=", "LessEqual"),
            ("-1", "Minus1"),
            ("self", "Self_"),
            ("café", "Café"),
            ("架构", "架构"),
            ("a/b.c", "ABC"),
            ("💥", "U1f4a5"),
        ] {
            assert_eq!(type_name(wire), expected, "{wire:?}");
            assert!(
                syn::parse_str::<syn::Ident>(&type_name(wire)).is_ok(),
                "{wire:?}"
            );
        }
        assert_eq!(value_name("replyTo"), "reply_to");
        assert_eq!(value_name("crate"), "crate_");
        assert!(is_keyword("type") && !is_keyword("kind"));
    }

    #[test]
    fn keywords_are_found() {
        // The compiler judges whether they are all: tests/compile/names.yaml has each as a property.
        for keyword in KEYWORDS {
            assert!(is_keyword(keyword), "{keyword}");
        }
    }

    #[test]
    fn files_stay_where_they_belong() {
        for (name, expected) in [
            ("../../etc/passwd", "etc-passwd"),
            ("Kraken Websockets API", "kraken-websockets-api"),
            ("测试", "unnamed"),
            ("usWestWebSocket", "us-west-web-socket"),
            ("2fast", "n2fast"),
            ("con", "con-file"),
        ] {
            assert_eq!(file_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_scope_gives_every_name_once() {
        let mut scope = Scope::reserving(&["Option"]);
        assert_eq!(scope.claim_type(&["Ping"]), "Ping");
        assert_eq!(scope.claim_type(&["Ping", "PingMessage"]), "PingMessage");
        assert_eq!(scope.claim_type(&["Ping"]), "Ping2");
        assert_eq!(scope.claim_type(&["Option"]), "Option2");
        assert_eq!(scope.claim_type(&["Self_"]), "Self_");
        assert_eq!(scope.claim_type(&["Self_"]), "Self2");
        assert_eq!(scope.claim_type(&["_1m"]), "_1m");
        assert_eq!(scope.claim_type(&["_1m"]), "_1m2");
        assert_eq!(scope.claim(&["s"]), "s");
        assert_eq!(scope.claim(&["s"]), "s_2");
    }
}
