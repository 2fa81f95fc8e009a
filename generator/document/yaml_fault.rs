//! Why a text is not YAML, in words that help.

use super::builder::Fault;

/// What to make of the parser's complaint about a place.
pub(super) fn explain(text: &str, offset: usize, info: &str) -> Fault {
    let line_start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or("");
    let before = &line[..(offset - line_start).min(line.len())];
    let tab = line.find('\t').filter(|&tab| line[..tab].trim().is_empty());
    if let Some(tab) = tab {
        return Fault {
            span: line_start + tab..line_start + tab + 1,
            message: "a tab in the indentation, which YAML does not allow".to_owned(),
            help: Some("indent with spaces".to_owned()),
        };
    }
    let next = line[before.len()..].chars().next();
    let help = if info.contains("mapping values are not allowed") {
        "a text with `: ` in it must be in quotes; else look at the indentation of this line and the one before"
    } else if info.contains("anchor") {
        "an alias `*name` needs an anchor `&name` before it; a text that begins with `*` or `&` must be in quotes"
    } else if matches!(
        next,
        Some('@' | '`' | '%' | '{' | '[' | '"' | '\'' | '*' | '&' | '!' | '|' | '>')
    ) {
        "a text that begins with a character that YAML uses itself must be in quotes"
    } else {
        "look at the indentation of this line and the one before, and for quotes or brackets that are not closed"
    };
    Fault {
        span: offset..offset,
        message: format!("not YAML: {info}"),
        help: Some(help.to_owned()),
    }
}
