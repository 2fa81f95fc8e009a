//! Random schemas and values: what wsgen makes of them is held against a JSON Schema validator, which is the judge.
//!
//! What is deliberately taken differently is in [`for_examples`] and [`for_messages`], and in `docs/schemas.md`.

mod random;

use std::fmt::Write;
use std::fs;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use wsgen::Options;
use wsgen::diagnostic::{Code, Diagnostics};
use wsgen::document::Sources;
use wsgen::output::OutputFile;

use crate::support::{cargo, fresh_workspace, project, settings, write_files};
use random::{Dice, definitions, mutate, schema, value};

/// How deep schemas and values are.
const DEPTH: usize = 3;

/// The payload of a message, with values and what is right to say of them.
struct Case {
    payload: Value,
    values: Vec<(Value, Verdict)>,
}

/// What is right to say of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    /// It conforms.
    Accept,
    /// It does not conform.
    Refuse,
    /// It does not conform, and may be accepted all the same.
    Tolerate,
}

#[test]
fn examples_are_judged_as_a_validator_judges_them() {
    let cases = cases(400, 20, for_examples);
    let mut diagnostics = Diagnostics::new();
    let text = document(&cases, true).to_string();
    let sources = Sources::from_text("asyncapi.json", text, &mut diagnostics);
    wsgen::understand(&sources, &Options::default(), &mut diagnostics);
    let faulty: Vec<(usize, usize)> = diagnostics
        .iter()
        .filter(|found| found.code == Code::InvalidExample)
        .map(|found| {
            let location = found.location.as_ref().unwrap();
            let pointer = sources.file(location.file).pointer_at(&location.span);
            let mut parts = pointer.split('/').skip(3);
            let case = parts.next().unwrap()[1..].parse().unwrap();
            (case, parts.nth(1).unwrap().parse().unwrap())
        })
        .collect();
    let mut wrong = String::new();
    for (index, case) in cases.iter().enumerate() {
        for (position, (value, verdict)) in case.values.iter().enumerate() {
            let accepted = !faulty.contains(&(index, position));
            if *verdict != Verdict::Tolerate && accepted != (*verdict == Verdict::Accept) {
                writeln!(wrong, "{verdict:?} {value}\n    by {}", case.payload).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// One project with a message for each schema is compiled, and decodes all values; in slow runs alone.
#[test]
fn messages_are_decoded_as_a_validator_judges_them() {
    if std::env::var_os("WSGEN_SLOW_TESTS").is_none() {
        eprintln!("skipped: set WSGEN_SLOW_TESTS=1 to run it");
        return;
    }
    let cases = cases(60, 60, for_messages);
    let workspace = fresh_workspace("random-schemas");
    let path = workspace.join("asyncapi.json");
    fs::write(&path, document(&cases, false).to_string()).unwrap();
    let (_, mut files) = project(&path, &settings("batch"));
    files.retain(|file| file.path != "tests/generated.rs");
    files.extend(batch(&cases));
    write_files(&workspace.join("projects/batch"), files);
    cargo(&workspace, &["test", "--quiet", "--test", "batch"]);
}

/// The judge lets pass what examples are not held to: formats, and that no second alternative of `oneOf` matches.
fn for_examples(schema: &Value) -> Value {
    loosened(schema, &|schema| drop(schema.remove("format")))
}

/// What `docs/schemas.md` lists as taken differently.
fn for_messages(schema: &Value) -> Value {
    // First: what follows wraps properties up.
    let schema = loosened(schema, &list_properties);
    loosened(&schema, &|schema| {
        if schema.contains_key("x-untold") {
            schema.clear();
        }
        open_lists(schema);
        merge_scalars(schema);
        share_properties(schema);
        let listed = schema.contains_key("enum") || schema.contains_key("allOf");
        if listed {
            for part in schema
                .values_mut()
                .filter_map(Value::as_array_mut)
                .flatten()
            {
                part.as_object_mut().map(|part| part.remove("format"));
            }
        }
        if schema.contains_key("properties") && schema.get("type") == Some(&json!("object")) {
            schema.insert("type".to_owned(), json!(["object", "array"]));
        }
        let required = schema.get("required").cloned().unwrap_or(json!([]));
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if !required.as_array().unwrap().contains(&json!(name)) {
                *property = json!({"anyOf": [property, {"type": "null"}]});
            }
        }
    })
}

/// The items of a list that describes only the first of them may be anything.
fn open_lists(schema: &mut Map<String, Value>) {
    let exact = schema.contains_key("minItems") && schema.get("minItems") == schema.get("maxItems");
    if !exact && schema.get("items") != Some(&json!(false)) {
        schema.remove("prefixItems");
    }
}

/// Of alternatives of one scalar type only what they have in common is checked.
fn merge_scalars(schema: &mut Map<String, Value>) {
    let Some(alternatives) = schema.get_mut("anyOf").and_then(Value::as_array_mut) else {
        return;
    };
    for kinds in [&["string"][..], &["number", "integer"]] {
        let is_one = |schema: &&mut Value| kinds.iter().any(|kind| schema["type"] == *kind);
        if alternatives.iter_mut().filter(is_one).count() > 1 {
            for schema in alternatives.iter_mut().filter(is_one) {
                *schema = json!({"type": kinds[0]});
            }
        }
    }
}

/// `additionalProperties` say nothing of what another part of an `allOf` declares, or an alternative, or what is beside it.
fn share_properties(schema: &mut Map<String, Value>) {
    let mut declared: Vec<String> = names(schema.get("properties"));
    let parts = |schema: &Map<String, Value>| -> Vec<Value> {
        let lists = ["allOf", "anyOf"]
            .into_iter()
            .filter_map(|keyword| schema.get(keyword)?.as_array());
        lists.flatten().cloned().collect()
    };
    declared.extend(
        parts(schema)
            .iter()
            .flat_map(|part| names(part.get("properties"))),
    );
    let inside = ["allOf", "anyOf"].map(|keyword| schema.remove(keyword));
    declare(schema, &declared);
    for (keyword, list) in ["allOf", "anyOf"].into_iter().zip(inside) {
        let Some(mut list) = list else { continue };
        for part in list
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .filter_map(Value::as_object_mut)
        {
            declare(part, &declared);
        }
        schema.insert(keyword.to_owned(), list);
    }
}

/// The format of a property is not asked for where another part of the schema lists its values.
fn list_properties(schema: &mut Map<String, Value>) {
    let parts = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    let parts = ["allOf", "anyOf"].into_iter().filter_map(parts).flatten();
    let whole = parts.filter_map(Value::as_object).chain([&*schema]);
    let properties = whole.filter_map(|part| part.get("properties")?.as_object());
    let listed = properties.flatten().filter(|(_, property)| {
        let mut words = ["enum", "const"].into_iter();
        words.any(|word| property.get(word).is_some())
    });
    let listed: Vec<String> = listed.map(|(name, _)| name.clone()).collect();
    let forget = |part: &mut Map<String, Value>| {
        for name in &listed {
            let property = part.get_mut("properties").and_then(|own| own.get_mut(name));
            let property = property.and_then(Value::as_object_mut);
            property.map(|property| property.remove("format"));
        }
    };
    forget(schema);
    for keyword in ["allOf", "anyOf"] {
        let parts = schema.get_mut(keyword).and_then(Value::as_array_mut);
        let parts = parts.into_iter().flatten();
        parts.filter_map(Value::as_object_mut).for_each(forget);
    }
}

fn names(properties: Option<&Value>) -> Vec<String> {
    let properties = properties.and_then(Value::as_object);
    properties
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect()
}

fn declare(schema: &mut Map<String, Value>, names: &[String]) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for name in names {
            properties.entry(name).or_insert(json!({}));
        }
    }
}

/// A schema with `oneOf` as `anyOf` and every part of it changed by `change`.
fn loosened(schema: &Value, change: &impl Fn(&mut Map<String, Value>)) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(|item| loosened(item, change)).collect(),
        Value::Object(members) => {
            let mut loose = Map::new();
            for (key, value) in members {
                let key = if key == "oneOf" { "anyOf" } else { key };
                loose.insert(key.to_owned(), loosened(value, change));
            }
            change(&mut loose);
            loose.into()
        }
        scalar => scalar.clone(),
    }
}

/// Random cases; `WSGEN_SEED` leads to others. Each payload is an object with a tag and a value of a random schema.
fn cases(schemas: usize, values: usize, loosen: fn(&Value) -> Value) -> Vec<Case> {
    let seed = std::env::var("WSGEN_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut dice = Dice::new(seed);
    let cases = (0..schemas).map(|index| {
        let payload = json!({
            "type": "object",
            "required": ["type", "value"],
            "properties": {"type": {"const": format!("m{index}")}, "value": schema(&mut dice, DEPTH)},
        });
        let strict = judge(&payload, &definitions());
        let loose = judge(&loosen(&payload), &loosen(&definitions()));
        let values = (0..values).map(|_| {
            let mut value = value(&payload, &mut dice, DEPTH + 1);
            for _ in 0..random::mutations(&mut dice) {
                mutate(&mut value["value"], &mut dice);
            }
            let verdict = match (strict.is_valid(&value), loose.is_valid(&value)) {
                (true, _) => Verdict::Accept,
                (false, true) => Verdict::Tolerate,
                (false, false) => Verdict::Refuse,
            };
            (value, verdict)
        });
        let values: Vec<(Value, Verdict)> = values.collect();
        Case { payload, values }
    });
    let cases: Vec<Case> = cases.collect();
    for verdict in [Verdict::Accept, Verdict::Refuse] {
        let all = cases.iter().flat_map(|case| &case.values);
        let count = all.filter(|(_, found)| *found == verdict).count();
        assert!(
            count > schemas * values / 5,
            "{count} values to {verdict:?}"
        );
    }
    cases
}

/// A validator for a schema whose references lead into `definitions`.
fn judge(schema: &Value, definitions: &Value) -> Validator {
    let mut schema = strict(schema);
    schema["components"] = json!({"schemas": strict(definitions)});
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap()
}

/// A schema in the words of the judge, who does not know `nullable`.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(strict).collect(),
        Value::Object(members) => {
            let mut members: Map<String, Value> = members
                .iter()
                .map(|(key, value)| (key.clone(), strict(value)))
                .collect();
            match members.remove("nullable") {
                Some(_) => json!({"anyOf": [members, {"type": "null"}]}),
                None => members.into(),
            }
        }
        scalar => scalar.clone(),
    }
}

/// One channel that receives a message of each payload.
fn document(cases: &[Case], with_examples: bool) -> Value {
    let mut messages = json!({});
    let mut references = json!({});
    for (index, case) in cases.iter().enumerate() {
        let name = format!("m{index}");
        let examples: Vec<Value> = case
            .values
            .iter()
            .map(|(value, _)| json!({"payload": value}))
            .collect();
        messages[&name] = json!({"payload": case.payload});
        if with_examples {
            messages[&name]["examples"] = json!(examples);
        }
        references[&name] = json!({"$ref": format!("#/components/messages/{name}")});
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Batch", "version": "1.0.0"},
        "servers": {"local": {"host": "localhost", "protocol": "ws"}},
        "channels": {"values": {"address": "/values", "messages": references}},
        "operations": {"take": {"action": "receive", "channel": {"$ref": "#/channels/values"}}},
        "components": {"messages": messages, "schemas": definitions()},
    })
}

/// The test that decodes all values, and a line with verdict and text for each.
fn batch(cases: &[Case]) -> [OutputFile; 2] {
    let arms = (0..cases.len()).fold(String::new(), |mut arms, index| {
        writeln!(
            arms,
            "        Inbound::M{index}(message) => serde_json::to_value(message),"
        )
        .unwrap();
        arms
    });
    let values = cases.iter().flat_map(|case| &case.values);
    let lines: Vec<String> = values
        .map(|(value, verdict)| format!("{verdict:?}\t{value}"))
        .collect();
    let file = |path: &str, contents: String| OutputFile {
        path: path.into(),
        contents: contents.into_bytes(),
        ownership: wsgen::output::Ownership::User,
    };
    [
        file(
            "tests/batch.rs",
            include_str!("schemas/batch.rs").replace("        // ARMS\n", &arms),
        ),
        file("tests/values.tsv", lines.join("\n")),
    ]
}
