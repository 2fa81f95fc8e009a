//! Examples and defaults, which must conform to what they illustrate.

use super::context::Rules;
use super::parts::{Role, is_foreign, payload};
use crate::conformance::{Validator, Violation};
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Layers, Node};

/// Warns of examples and defaults that violate their schema.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    let mut validator = Validator::new(rules.resolver);
    for schema in rules.parts.of_role(Role::Schema) {
        let default = schema
            .get("default")
            .map(|value| (Code::InvalidDefault, value));
        let examples = schema.get("examples").into_iter().flat_map(Node::items);
        let examples = examples.map(|value| (Code::InvalidExample, value));
        for (code, value) in default.into_iter().chain(examples) {
            if let Err(violation) = validator.check(schema, value, diagnostics) {
                report(code, &violation, diagnostics);
            }
        }
    }
    for message in rules.parts.of_role(Role::Message) {
        check_message(rules, message, &mut validator, diagnostics);
    }
    let choices = rules.parts.of_role(Role::Variable);
    for choice in choices.chain(rules.parts.of_role(Role::Parameter)) {
        check_choice(choice, diagnostics);
    }
}

/// The examples of a message, each of its payload and of its headers.
fn check_message<'a>(
    rules: &Rules<'_, 'a>,
    message: Node<'a>,
    validator: &mut Validator<'a, '_>,
    diagnostics: &mut Diagnostics,
) {
    let traits = message.get("traits").into_iter().flat_map(Node::items);
    let traits = traits.filter_map(|applied| rules.resolver.follow(applied, diagnostics));
    let traits: Vec<Node<'a>> = traits.collect();
    let layers = Layers::new(message, traits, rules.document.version);
    let Some(examples) = layers.get("examples") else {
        return;
    };
    let foreign = layers.nodes().iter().any(|layer| is_foreign(*layer));
    let content = layers.get("contentType").and_then(Node::as_str);
    let is_json = content.is_none_or(|content| content.contains("json"));
    let version = rules.document.version;
    let mut schema_of = |node| payload(rules.resolver.follow_schema(node, diagnostics)?, version);
    let headers = layers.part("headers", &mut schema_of);
    let body = layers.get("payload").filter(|_| !foreign);
    let body = body.and_then(schema_of);
    for example in examples.items() {
        // A text is how a payload looks that is no JSON.
        let value = example
            .get("payload")
            .filter(|value| is_json || value.as_str().is_none());
        if let Some((schema, value)) = body.zip(value) {
            check_example(schema, value, validator, diagnostics);
        }
        if let Some(value) = example.get("headers") {
            check_headers(&headers, value, validator, diagnostics);
        }
    }
}

/// Headers, whose schema can be of several layers: then each header is held against what has precedence for it.
fn check_headers<'a>(
    schemas: &Layers<'a>,
    headers: Node<'a>,
    validator: &mut Validator<'a, '_>,
    diagnostics: &mut Diagnostics,
) {
    if let [schema] = schemas.nodes() {
        return check_example(*schema, headers, validator, diagnostics);
    }
    let properties = schemas.part("properties", Some);
    for (name, value) in headers.entries() {
        if let Some(schema) = properties.get(name) {
            check_example(schema, value, validator, diagnostics);
        }
    }
}

fn check_example<'a>(
    schema: Node<'a>,
    value: Node<'a>,
    validator: &mut Validator<'a, '_>,
    diagnostics: &mut Diagnostics,
) {
    if let Err(violation) = validator.check(schema, value, diagnostics) {
        report(Code::InvalidExample, &violation, diagnostics);
    }
}

/// Variables of servers, and parameters of 3.x: one of the values in `enum`.
fn check_choice(choice: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(allowed) = choice
        .get("enum")
        .filter(|allowed| allowed.items().len() > 0)
    else {
        return;
    };
    let default = choice
        .get("default")
        .map(|value| (Code::InvalidDefault, value));
    let examples = choice.get("examples").into_iter().flat_map(Node::items);
    let examples = examples.map(|value| (Code::InvalidExample, value));
    for (code, value) in default.into_iter().chain(examples) {
        if !allowed.items().any(|one| one.equals(value)) {
            let names = allowed.items().filter_map(Node::as_str);
            let words = value.as_str().unwrap_or_default();
            let help = match diagnostics.nearest(words, names) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => "add it to `enum`, or take one that is there".to_owned(),
            };
            let message = format!("this {} is not one of the values of `enum`", name(code));
            diagnostics
                .warning(code, value.location(), message)
                .related(allowed.key_location(), "the values")
                .help(help);
        }
    }
}

fn report(code: Code, violation: &Violation<'_>, diagnostics: &mut Diagnostics) {
    let what = name(code);
    let message = format!("this {what} violates its schema: {}", violation.reason);
    diagnostics
        .warning(code, violation.value.location(), message)
        .related(violation.schema.key_location(), "what the schema asks for")
        .help(format!("correct the {what}, or the schema"));
}

fn name(code: Code) -> &'static str {
    match code {
        Code::InvalidDefault => "default",
        _ => "example",
    }
}
