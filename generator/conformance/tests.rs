//! One value against one schema, both from a document.

use super::{Validator, conforms};
use crate::diagnostic::Diagnostics;
use crate::document::Sources;
use crate::resolve::Resolver;

/// The reason for which `value` violates `schema`, with the text that it is about.
fn violation(schema: &str, value: &str) -> Option<(String, String)> {
    let text = format!("{{\"schema\": {schema},\n\"value\": {value}}}");
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("a.json", text, &mut diagnostics);
    let root = sources.root().unwrap();
    let (schema, value) = (root.get("schema").unwrap(), root.get("value").unwrap());
    let violation = conforms(schema, value, &Resolver::new(&sources), &mut diagnostics).err()?;
    let found = violation.value.file().text()[violation.value.location().span].to_owned();
    Some((violation.reason, found))
}

#[test]
fn every_keyword_allows_and_refuses() {
    let cases = [
        (r#"{"type": "string"}"#, r#""a""#, "1"),
        (r#"{"type": ["integer", "null"]}"#, "1.0", "1.5"),
        (r#"{"type": "string", "nullable": true}"#, "null", "1"),
        (r#"{"enum": [1, "a"]}"#, "1.0", "2"),
        (r#"{"const": {"a": 1}}"#, r#"{"a": 1.0}"#, r#"{"a": 2}"#),
        (r#"{"minimum": 1, "exclusiveMaximum": 3}"#, "1", "3"),
        (r#"{"minimum": 1, "exclusiveMinimum": true}"#, "2", "1"),
        (r#"{"multipleOf": 0.01}"#, "19.99", "0.005"),
        (r#"{"minLength": 2, "maxLength": 3}"#, r#""éé""#, r#""é""#),
        (r#"{"pattern": "^a+$"}"#, r#""aa""#, r#""ab""#),
        (
            r#"{"items": {"type": "string"}, "maxItems": 1}"#,
            r#"["a"]"#,
            "[1]",
        ),
        (
            r#"{"items": [{"type": "string"}], "additionalItems": false}"#,
            r#"["a"]"#,
            r#"["a", 1]"#,
        ),
        (
            r#"{"prefixItems": [{}], "items": {"type": "string"}}"#,
            r#"[1, "a"]"#,
            r#"[1, 1]"#,
        ),
        (r#"{"uniqueItems": true}"#, "[1, 2]", "[1, 2, 1]"),
        (r#"{"contains": {"const": 1}}"#, "[2, 1]", "[2]"),
        (r#"{"required": ["a"]}"#, r#"{"a": null}"#, "{}"),
        (
            r#"{"properties": {"a": {"type": "string"}}}"#,
            r#"{"b": 1}"#,
            r#"{"a": 1}"#,
        ),
        (
            r#"{"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": false}"#,
            r#"{"xa": "a"}"#,
            r#"{"a": "a"}"#,
        ),
        (r#"{"minProperties": 1}"#, r#"{"a": 1}"#, "{}"),
        (
            r#"{"propertyNames": {"maxLength": 1, "pattern": "^a"}}"#,
            r#"{"a": 1}"#,
            r#"{"ab": 1}"#,
        ),
        (
            r#"{"allOf": [{"type": "string"}, {"minLength": 1}]}"#,
            r#""a""#,
            r#""""#,
        ),
        (
            r#"{"oneOf": [{"type": "string"}, {"type": "number"}]}"#,
            "1",
            "true",
        ),
        (r#"{"not": {"type": "string"}}"#, "1", r#""a""#),
        (
            r#"{"if": {"const": 1}, "then": {"type": "string"}, "else": {"type": "number"}}"#,
            "2",
            "1",
        ),
        ("false", "{}", "{}"),
    ];
    for (schema, good, bad) in cases {
        if schema != "false" {
            assert_eq!(violation(schema, good), None, "{schema} {good}");
        }
        assert!(violation(schema, bad).is_some(), "{schema} {bad}");
    }
}

#[test]
fn points_at_the_innermost_value_of_the_likeliest_alternative() {
    let schema = r#"{"oneOf": [{"type": "string"}, {"properties": {"a": {"items": {"type": "string"}}}, "type": "object"}]}"#;
    let expected = (
        "expected a string, found a number".to_owned(),
        "7".to_owned(),
    );
    assert_eq!(violation(schema, r#"{"a": ["b", 7]}"#), Some(expected));
}

#[test]
fn what_cannot_be_decided_conforms() {
    let cases = [
        (r##"{"$ref": "#/nowhere"}"##, "1"),
        (r#"{"pattern": "^(?=a)b"}"#, r#""c""#),
        (r#"{"type": "decimal"}"#, r#""a""#),
        (r#"{"format": "date"}"#, r#""yesterday""#),
        (r##"{"allOf": [{"$ref": "#/schema"}]}"##, "1"),
    ];
    for (schema, value) in cases {
        assert_eq!(violation(schema, value), None, "{schema}");
    }
}

#[test]
fn work_is_bounded() {
    let branches = r##"{"$ref": "#/schema"}, {"$ref": "#/schema"}, {"$ref": "#/schema"}"##;
    let text = format!(
        "{{\"schema\": {{\"anyOf\": [{branches}, {{\"type\": \"string\"}}]}}, \"value\": 1}}"
    );
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("a.json", text, &mut diagnostics);
    let root = sources.root().unwrap();
    let resolver = Resolver::new(&sources);
    let mut validator = Validator::new(&resolver);
    let (schema, value) = (root.get("schema").unwrap(), root.get("value").unwrap());
    assert!(validator.check(schema, value, &mut diagnostics).is_ok());
}
