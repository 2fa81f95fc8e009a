//! Findings for other programs: JSON and SARIF 2.1.0.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Code, Diagnostic, Diagnostics, Location, Severity};
use crate::document::Sources;

/// The findings as a JSON array of objects with `severity`, `code`, `message`, `file`, `line`, `column`, `pointer` and `help`.
///
/// Lines and columns count from 1, columns in characters; `pointer` is that of the innermost value around the place.
pub fn render_json(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let findings: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| finding(diagnostic, sources))
        .collect();
    format!("{:#}\n", Value::Array(findings))
}

/// The findings as a SARIF 2.1.0 log with one run.
pub fn render_sarif(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let codes: BTreeSet<Code> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| result(diagnostic, sources))
        .collect();
    let driver = json!({
        "name": "wsgen",
        "version": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": rules,
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn finding(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let place = diagnostic.location.as_ref().map(|location| {
        let file = sources.file(location.file);
        let (line, column) = file.position(location.span.start);
        (file.name(), line, column, file.pointer_at(&location.span))
    });
    json!({
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "file": place.as_ref().map(|place| place.0),
        "line": place.as_ref().map(|place| place.1),
        "column": place.as_ref().map(|place| place.2),
        "pointer": place.as_ref().map(|place| &place.3),
        "help": diagnostic.help,
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "help": { "text": code.explanation(), "markdown": code.explanation() },
    })
}

fn result(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let text = match &diagnostic.help {
        Some(help) => format!("{}\n{help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result =
        json!({ "ruleId": diagnostic.code.as_str(), "level": level, "message": { "text": text } });
    if let Some(location) = &diagnostic.location {
        result["locations"] = json!([place(location, sources)]);
    }
    if !diagnostic.related.is_empty() {
        let related = diagnostic
            .related
            .iter()
            .enumerate()
            .map(|(id, (location, label))| {
                let mut place = place(location, sources);
                place["id"] = id.into();
                place["message"] = json!({ "text": label });
                place
            });
        result["relatedLocations"] = related.collect();
    }
    result
}

fn place(location: &Location, sources: &Sources) -> Value {
    let file = sources.file(location.file);
    let (line, column) = file.position(location.span.start);
    let (end_line, end_column) = file.position(location.span.end);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file.name()) },
            "region": { "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column },
        },
        "logicalLocations": [{ "fullyQualifiedName": file.pointer_at(&location.span) }],
    })
}

/// A path as a relative reference (RFC 3986): what is not unreserved or a slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
