//! Schemas: keywords whose values say nothing, because they are not what the keyword takes.

use super::context::Rules;
use super::parts::Role;
use crate::conformance::meant_type;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Kind, Node, OldValue};

/// Warns of what is no schema, of types that do not exist, and of keywords with values of the wrong type.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    for schema in rules.parts.of_role(Role::Schema) {
        match schema.kind() {
            Kind::Object => check_keywords(schema, diagnostics),
            Kind::Bool(_) => {}
            _ => report_no_schema(schema, diagnostics),
        }
    }
    for message in rules.parts.of_role(Role::Message) {
        if let Some(payload) = message.get("payload") {
            note_untyped(payload, diagnostics);
        }
    }
}

/// A payload without a keyword is any JSON.
fn note_untyped(payload: Node<'_>, diagnostics: &mut Diagnostics) {
    const SILENT: &[&str] = &["title", "description", "examples", "deprecated", "default"];
    let silent = |key: &str| SILENT.contains(&key) || key.starts_with("x-");
    if payload.is_object() && payload.entries().all(|(key, _)| silent(key)) {
        diagnostics
            .note(
                Code::UntypedSchema,
                payload.key_location(),
                "the payload can be anything: it arrives as JSON of any kind",
            )
            .help("say what it is, at least by `type`");
    }
}

const TYPES: &[&str] = &[
    "array", "boolean", "integer", "null", "number", "object", "string",
];

fn check_keywords(schema: Node<'_>, diagnostics: &mut Diagnostics) {
    for (keyword, value) in schema.entries() {
        if keyword == "type" {
            let alone = (!value.is_array()).then_some(value);
            for name in value.items().chain(alone) {
                check_type(name, diagnostics);
            }
        } else if let Some(takes) = Takes::of(keyword).filter(|takes| !takes.allows(value)) {
            let found = takes.old(value).map_or_else(
                || format!("found {}", value.describe()),
                |old| format!("and {old}"),
            );
            let message = format!("`{keyword}` is {}, {found}", takes.words());
            diagnostics
                .warning(Code::WrongType, value.location(), message)
                .help(match (keyword, value.kind()) {
                    ("exclusiveMinimum" | "exclusiveMaximum", Kind::Bool(_)) => {
                        "that is the way of older drafts: write the bound itself here, instead of `minimum` or `maximum`"
                    }
                    ("required", Kind::Bool(_)) => {
                        "list the names of the required properties in the object around them"
                    }
                    _ => "it has no effect as it is: correct it",
                });
        }
    }
    let keys = schema
        .get("properties")
        .filter(|node| node.reference().is_some());
    if let Some(properties) = keys {
        diagnostics
            .warning(Code::WrongType, properties.reference_location(), "`properties` holds properties and cannot be a reference")
            .help("refer to the schema with these properties, by `$ref` in place of `properties` or in `allOf`");
    }
}

fn check_type(value: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(name) = value.as_str() else {
        if !value.is_null() {
            let message = format!("`type` is the name of a type, found {}", value.describe());
            diagnostics
                .warning(Code::WrongType, value.location(), message)
                .help(format!("the types are {}", TYPES.join(", ")));
        }
        return;
    };
    if TYPES.contains(&name) {
        return;
    }
    if let Some(meant) = meant_type(name) {
        let message = format!("there is no type `{name}`: it is taken as `{meant}`");
        diagnostics
            .warning(Code::InvalidValue, value.location(), message)
            .help(format!("write `type: {meant}`"));
        return;
    }
    let help = match name.to_ascii_lowercase().as_str() {
        "decimal" => "did you mean `number`?".to_owned(),
        "date" | "datetime" | "date-time" | "timestamp" | "uuid" | "uri" | "url" | "email" => {
            "write `type: string` and say by `format` what kind of string it is".to_owned()
        }
        _ => match diagnostics.nearest(name, TYPES.iter().copied()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("the types are {}", TYPES.join(", ")),
        },
    };
    let message = format!("there is no type `{name}`; any value is taken here");
    diagnostics
        .warning(Code::InvalidValue, value.location(), message)
        .help(help);
}

/// What a keyword takes.
#[derive(Clone, Copy)]
enum Takes {
    Schemas,
    ListOfSchemas,
    Values,
    Names,
    Number,
    Count,
    Text,
    Flag,
}

impl Takes {
    fn of(keyword: &str) -> Option<Takes> {
        Some(match keyword {
            "properties" | "patternProperties" | "definitions" | "$defs" => Takes::Schemas,
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => Takes::ListOfSchemas,
            "enum" | "examples" => Takes::Values,
            "required" => Takes::Names,
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                Takes::Number
            }
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties" => Takes::Count,
            "pattern" | "format" | "title" | "description" => Takes::Text,
            "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" | "nullable" => Takes::Flag,
            _ => return None,
        })
    }

    fn words(self) -> &'static str {
        match self {
            Takes::Schemas => "an object of schemas",
            Takes::ListOfSchemas => "a list of schemas",
            Takes::Values => "a list of values",
            Takes::Names => "a list of names",
            Takes::Number => "a number",
            Takes::Count => "a whole number from 0",
            Takes::Text => "a text",
            Takes::Flag => "true or false",
        }
    }

    /// The value of YAML 1.1 that the keyword would take.
    fn old(self, value: Node<'_>) -> Option<OldValue<'_>> {
        OldValue::of(value).filter(|old| match self {
            Takes::Flag => old.is_bool(),
            Takes::Number | Takes::Count => old.is_number(),
            _ => false,
        })
    }

    fn allows(self, value: Node<'_>) -> bool {
        match self {
            Takes::Schemas => value.is_object(),
            Takes::ListOfSchemas | Takes::Values => value.is_array(),
            Takes::Names => value.is_array() && value.items().all(|name| name.as_str().is_some()),
            Takes::Number => value.as_f64().is_some(),
            Takes::Count => value
                .as_f64()
                .is_some_and(|count| count >= 0.0 && count.fract() == 0.0),
            Takes::Text => value.as_str().is_some(),
            Takes::Flag => value.as_bool().is_some(),
        }
    }
}

fn report_no_schema(node: Node<'_>, diagnostics: &mut Diagnostics) {
    // A reference in place of a list of properties is a finding of its own.
    if node.key() == Some("$ref") {
        return;
    }
    let message = match OldValue::of(node).filter(OldValue::is_bool) {
        Some(old) => format!("expected a schema, and {old}"),
        None => format!("expected a schema, found {}", node.describe()),
    };
    let help = match node.as_str() {
        Some(name) if TYPES.contains(&name) => format!("write `{{ type: {name} }}`"),
        _ => "a schema is an object, such as `{ type: string }`".to_owned(),
    };
    diagnostics
        .warning(Code::WrongType, node.location(), message)
        .help(help);
}
