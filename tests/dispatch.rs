//! Which message a frame is: what generated code asks of the runtime is asked here, by the way that the model describes.

use wsgen::diagnostic::{Code, Diagnostics};
use wsgen::document::Sources;
use wsgen::model::{
    Definition, Dispatch, Evidence, ItemShape, JsonKind, MessageSet, Shape, TagValue, Type,
    VariantId,
};
use wsgen::{MessageRule, Options, Output};
use wsgen_runtime::codegen;

/// A document with these messages, all of which arrive at one route, and these components.
fn document(messages: &str, components: &str) -> String {
    format!(
        "asyncapi: 3.0.0
info: {{title: Case, version: 1.0.0}}
servers: {{main: {{host: 'localhost:8080', protocol: ws}}}}
channels:
  api:
    address: /api
    messages:
{messages}
operations: {{take: {{action: receive, channel: {{$ref: '#/channels/api'}}}}}}
{components}
"
    )
}

fn generate(document: &str, rules: &[(&str, &str, TagValue)]) -> Output {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", document.to_owned(), &mut diagnostics);
    let rules = rules.iter().map(|(message, property, value)| MessageRule {
        message: (*message).to_owned(),
        property: (*property).to_owned(),
        values: vec![value.clone()],
    });
    let options = Options {
        messages: rules.collect(),
        ..Options::default()
    };
    let found = wsgen::generate(&sources, &options, "asyncapi.yaml");
    found.unwrap_or_else(|errors| {
        let errors: Vec<_> = errors.iter().map(|found| found.message.clone()).collect();
        panic!("{errors:?}\n{document}")
    })
}

/// The messages that arrive.
fn arriving(output: &Output) -> &MessageSet {
    let route = output.service.routes.iter().next().unwrap();
    &route.traffic.exchange().unwrap().inbound
}

/// The message that a frame is taken for; `raw` where nothing tells it apart, `unknown` where it is none.
fn taken(output: &Output, frame: &str) -> String {
    let set = arriving(output);
    match way(&set.dispatch, frame.as_bytes()) {
        Ok(id) => set.variants[id].name.clone(),
        Err(other) => other.to_owned(),
    }
}

fn way(dispatch: &Dispatch, payload: &[u8]) -> Result<VariantId, &'static str> {
    if let Some(tag) = &dispatch.tag {
        let path: Vec<&str> = tag.path.iter().map(String::as_str).collect();
        let found = codegen::tag_at(payload, &path).unwrap();
        let mut values = tag.values.iter();
        if let Some((_, id)) = values.find(|(value, _)| found.as_deref() == Some(&*value.text())) {
            return Ok(*id);
        }
    }
    let fits = |shape: &Shape| match shape {
        Shape::Any => true,
        Shape::Kinds(kinds) => codegen::is_any_of(payload, &these(kinds)),
        Shape::Keys(keys) => has_keys(payload, keys),
        Shape::AnyKey(keys) => keys
            .iter()
            .any(|key| has_keys(payload, std::slice::from_ref(key))),
        Shape::Value(path, values) => {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            values
                .iter()
                .any(|value| codegen::has_value(payload, &path, &[&*value.text()]))
        }
        Shape::Item(position, ItemShape::Kinds(kinds)) => {
            codegen::is_any_of(codegen::item(payload, *position), &these(kinds))
        }
        Shape::Item(position, ItemShape::Values(values)) => values
            .iter()
            .any(|value| codegen::is_one_of(codegen::item(payload, *position), &[&*value.text()])),
    };
    match dispatch.shapes.iter().find(|(shape, _)| fits(shape)) {
        Some((_, id)) => Ok(*id),
        None if dispatch.ambiguous.is_empty() => Err("unknown"),
        None => Err("raw"),
    }
}

fn has_keys(payload: &[u8], keys: &[String]) -> bool {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    codegen::has_keys(payload, &keys)
}

fn these(kinds: &[JsonKind]) -> Vec<codegen::JsonKind> {
    let kinds = kinds.iter().map(|kind| match kind {
        JsonKind::Object => codegen::JsonKind::Object,
        JsonKind::Array => codegen::JsonKind::Array,
        JsonKind::String => codegen::JsonKind::String,
        JsonKind::Number => codegen::JsonKind::Number,
        JsonKind::Boolean => codegen::JsonKind::Boolean,
        JsonKind::Null => codegen::JsonKind::Null,
    });
    kinds.collect()
}

#[track_caller]
fn all_taken(output: &Output, frames: &[(&str, &str)]) {
    for (frame, message) in frames {
        assert_eq!(taken(output, frame), *message, "{frame}");
    }
}

fn evidence(output: &Output) -> Evidence {
    arriving(output).dispatch.tag.as_ref().unwrap().evidence
}

fn warned(output: &Output, code: Code) -> bool {
    output.diagnostics.iter().any(|found| found.code == code)
}

#[test]
fn examples_with_different_values_tell_messages_apart() {
    let output = generate(
        &document(
            "
      first:
        payload: {type: object, properties: {method: {type: string}, id: {type: integer}}}
        examples: [{payload: {method: subscribe, id: 1}}, {payload: {method: subscribe, id: 2}}]
      second:
        payload: {type: object, properties: {method: {type: string}, id: {type: integer}}}
        examples: [{payload: {method: unsubscribe, id: 3}}]",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"id":7,"method":"subscribe"}"#, "first"),
            (r#"{"method":"unsubscribe"}"#, "second"),
            (r#"{"method":"other"}"#, "unknown"),
        ],
    );
    assert_eq!(evidence(&output), Evidence::Examples);
    assert!(warned(&output, Code::SuggestedTag));
}

#[test]
fn what_examples_hold_is_no_tag_if_it_is_not_called_like_one() {
    let output = generate(
        &document(
            "
      join: {payload: {type: object, properties: {user: {type: string}}}, examples: [{payload: {user: ann}}]}
      leave: {payload: {type: object, properties: {user: {type: string}}}, examples: [{payload: {user: bob}}]}",
            "",
        ),
        &[],
    );
    assert_eq!(taken(&output, r#"{"user":"ann"}"#), "raw");
    let warning = output
        .diagnostics
        .iter()
        .find(|found| found.code == Code::AmbiguousMessages);
    let help = warning.unwrap().help.as_deref().unwrap();
    assert!(
        help.contains("[messages.join]\nwhen = { type = \"join\" }"),
        "{help}"
    );
}

#[test]
fn names_in_examples_say_more_than_keys_that_another_message_has_as_well() {
    let messages = |leave: &str| {
        format!(
            "
      subscribe: {{payload: {{type: object, required: [op, every], properties: {{op: {{type: string}}, every: {{type: integer}}}}, examples: [{{op: subscribe, every: 5}}]}}}}
      unsubscribe: {{payload: {{type: object, required: [op], properties: {{op: {{type: string}}}}, examples: [{{op: {leave}}}]}}}}"
        )
    };
    let output = generate(&document(&messages("unsubscribe"), ""), &[]);
    all_taken(
        &output,
        &[
            (r#"{"op":"subscribe","every":5}"#, "subscribe"),
            (r#"{"op":"subscribe"}"#, "subscribe"),
            (r#"{"op":"unsubscribe","every":5}"#, "unsubscribe"),
            (r#"{"op":"other"}"#, "unknown"),
        ],
    );
    assert_eq!(evidence(&output), Evidence::Examples);
    assert!(warned(&output, Code::SuggestedTag));
    // A value that is no name of the message may be any: keys it is.
    let output = generate(&document(&messages("bye"), ""), &[]);
    all_taken(
        &output,
        &[
            (r#"{"op":"a","every":5}"#, "subscribe"),
            (r#"{"op":"b"}"#, "unsubscribe"),
        ],
    );
    assert!(!warned(&output, Code::SuggestedTag));
}

#[test]
fn the_name_of_a_message_is_the_value_of_a_tag_in_any_spelling() {
    let output = generate(
        &document(
            "
      PingMessage: {payload: {type: object, required: [type], properties: {type: {type: string}}}}
      gameMove: {payload: {type: object, properties: {type: {type: string}}}}
      done: {payload: {type: object, required: [type], properties: {type: {const: over}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"type":"ping"}"#, "PingMessage"),
            (r#"{"type":"PING"}"#, "PingMessage"),
            (r#"{"type":"PingMessage"}"#, "PingMessage"),
            (r#"{"type":"game_move"}"#, "gameMove"),
            (r#"{"type":"GAME_MOVE"}"#, "gameMove"),
            (r#"{"type":"over"}"#, "done"),
        ],
    );
    assert_eq!(evidence(&output), Evidence::Names);
}

#[test]
fn what_a_schema_rules_out_is_not_guessed() {
    // The name says `stop`, the constant says `start`; the other is what is left.
    let output = generate(
        &document(
            "
      stop: {payload: {type: object, required: [type], properties: {type: {const: start}}}}
      start: {payload: {type: object, required: [type], properties: {type: {enum: [stop, halt]}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"type":"start"}"#, "stop"),
            (r#"{"type":"stop"}"#, "start"),
            (r#"{"type":"halt"}"#, "start"),
        ],
    );
    assert!(!warned(&output, Code::SuggestedTag));
    // Both list all values: each is the one that is called so.
    let output = generate(
        &document(
            "
      open: {payload: {$ref: '#/components/schemas/Frame'}}
      close: {payload: {$ref: '#/components/schemas/Frame'}}",
            "components: {schemas: {Frame: {type: object, required: [op], properties: {op: {enum: [OPEN, CLOSE]}}}}}",
        ),
        &[],
    );
    all_taken(
        &output,
        &[(r#"{"op":"OPEN"}"#, "open"), (r#"{"op":"CLOSE"}"#, "close")],
    );
}

#[test]
fn words_beside_a_property_name_its_value() {
    let output = generate(
        &document(
            "
      a: {payload: {type: object, properties: {event: {type: string, description: 'Always \"trade\" here; it''s fixed'}}}}
      b: {payload: {type: object, properties: {event: {type: string, default: book}}}}
      c: {payload: {type: object, properties: {event: {type: string, x-value: tick}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"event":"trade"}"#, "a"),
            (r#"{"event":"book"}"#, "b"),
            (r#"{"event":"tick"}"#, "c"),
        ],
    );
}

#[test]
fn constants_of_every_type_are_tags() {
    let output = generate(
        &document(
            "
      good: {payload: {type: object, required: [ok], properties: {ok: {const: true}}}}
      bad: {payload: {type: object, required: [ok], properties: {ok: {const: false}}}}
      none: {payload: {type: object, required: [ok], properties: {ok: {type: 'null'}}}}
      half: {payload: {type: object, required: [ok], properties: {ok: {const: 0.5}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"ok":true}"#, "good"),
            (r#"{"ok": false}"#, "bad"),
            (r#"{"ok":0.5}"#, "half"),
        ],
    );
    assert!(!warned(&output, Code::AmbiguousMessages));
}

#[test]
fn lists_are_told_apart_by_their_items() {
    let output = generate(
        &document(
            "
      batch: {payload: {type: array, items: {type: object}}}
      ticker: {payload: {type: array, items: [{type: integer}, {type: object}, {const: ticker}]}}
      book: {payload: {type: array, items: [{type: integer}, {type: object}, {enum: [book-10, book-25]}]}}
      event: {payload: {type: object, required: [event], properties: {event: {const: heartbeat}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"[{"a":1}]"#, "batch"),
            (r#"[1, {"a":["x"]}, "ticker"]"#, "ticker"),
            (r#"[1,{},"book-25"]"#, "book"),
            (r#"{"event":"heartbeat"}"#, "event"),
        ],
    );
    assert!(!arriving(&output).has_raw());
}

#[test]
fn constants_of_two_properties_tell_messages_apart() {
    let output = generate(
        &document(
            "
      a: {payload: {type: object, required: [type], properties: {type: {const: a}}}}
      b: {payload: {type: object, required: [type], properties: {type: {const: b}}}}
      closed: {payload: {type: object, required: [frame, code], properties: {frame: {const: close}, code: {const: 1}}}}
      lost: {payload: {type: object, required: [frame, code], properties: {frame: {const: close}, code: {const: 2}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"type":"b"}"#, "b"),
            (r#"{"frame":"close","code":2}"#, "lost"),
            (r#"{"frame":"close","code":1}"#, "closed"),
            (r#"{"frame":"close","code":3}"#, "unknown"),
        ],
    );
}

#[test]
fn properties_of_their_own_tell_objects_apart() {
    let output = generate(
        &document(
            "
      order: {payload: {type: object, properties: {instrument: {type: string}, quantity: {type: string}}}}
      cancel: {payload: {type: object, properties: {order_id: {type: string}}}}",
            "",
        ),
        &[],
    );
    all_taken(
        &output,
        &[
            (r#"{"quantity":"1"}"#, "order"),
            (r#"{"order_id":"7"}"#, "cancel"),
            (r#"{}"#, "unknown"),
        ],
    );
    assert!(warned(&output, Code::SuggestedTag));
}

#[test]
fn the_user_decides_without_touching_the_document() {
    let text = document(
        "
      subscribe: {payload: {type: object}}
      unsubscribe: {payload: {type: object}}
      tick: {payload: {type: object, required: [op], properties: {op: {const: tick}}}}",
        "",
    );
    assert_eq!(taken(&generate(&text, &[]), r#"{"op":"sub"}"#), "raw");
    let rules = [
        ("subscribe", "op", "sub".into()),
        ("unsubscribe", "op", 2.into()),
    ];
    let output = generate(&text, &rules);
    all_taken(
        &output,
        &[
            (r#"{"op":"sub"}"#, "subscribe"),
            (r#"{"op":2}"#, "unsubscribe"),
            (r#"{"op":"tick"}"#, "tick"),
        ],
    );
    assert_eq!(evidence(&output), Evidence::Settings);
    assert!(!warned(&output, Code::AmbiguousMessages) && !warned(&output, Code::SuggestedTag));
}

/// The alternative of the first union that a value is taken for, by the name of its type.
fn alternative(output: &Output, json: &str) -> String {
    let types = &output.service.types;
    let union = types.iter().find_map(|(_, ty)| match &ty.definition {
        Definition::Union { variants, dispatch } => Some((variants, dispatch)),
        _ => None,
    });
    let (variants, dispatch) = union.unwrap();
    match way(dispatch, json.as_bytes()) {
        Ok(id) => match &variants[id].1 {
            Type::Named(id) => types.get(*id).name.clone(),
            ty => panic!("{ty:?}"),
        },
        Err(other) => other.to_owned(),
    }
}

#[test]
fn a_mapping_leads_several_values_to_one_schema() {
    let output = generate(
        &document(
            "
      save: {payload: {$ref: '#/components/schemas/Config'}}",
            "components:
  schemas:
    Config:
      oneOf: [{$ref: '#/components/schemas/Http'}, {$ref: '#/components/schemas/Ssh'}]
      discriminator:
        propertyName: kind
        mapping: {ssh_server: '#/components/schemas/Ssh', apache: '#/components/schemas/Http', web: Http}
    Http: {type: object, required: [kind, port], properties: {kind: {type: string}, port: {type: integer}}}
    Ssh: {type: object, required: [kind, port], properties: {kind: {type: string}, port: {type: integer}}}",
        ),
        &[],
    );
    for (kind, ty) in [
        ("ssh_server", "Ssh"),
        ("apache", "Http"),
        ("web", "Http"),
        ("Http", "unknown"),
    ] {
        let json = format!(r#"{{"kind":"{kind}","port":1}}"#);
        assert_eq!(alternative(&output, &json), ty, "{kind}");
    }
}

const PETS: &str = "components:
  schemas:
    Pet:
      type: object
      discriminator: petType
      required: [petType, name]
      properties: {name: {type: string}, petType: {type: string}}
    Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {lazy: {type: boolean}}}]}
    Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, required: [pack], properties: {pack: {type: integer}}}]}
    Stick: {allOf: [{$ref: '#/components/schemas/Pet'}, {type: object, properties: {petType: {const: StickBug}}}]}";

#[test]
fn children_are_known_by_their_name_or_their_constant() {
    let any = "
      pet: {payload: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}, {$ref: '#/components/schemas/Stick'}]}}";
    let output = generate(&document(any, PETS), &[]);
    for (kind, ty) in [
        ("Cat", "Cat"),
        ("Dog", "Dog"),
        ("StickBug", "Stick"),
        ("Stick", "unknown"),
        ("Fish", "unknown"),
    ] {
        let json = format!(r#"{{"name":"x","petType":"{kind}"}}"#);
        assert_eq!(alternative(&output, &json), ty, "{kind}");
    }
    // The same where each is a message.
    let each = "
      cat: {payload: {$ref: '#/components/schemas/Cat'}}
      dog: {payload: {$ref: '#/components/schemas/Dog'}}";
    let output = generate(&document(each, PETS), &[]);
    all_taken(
        &output,
        &[
            (r#"{"petType":"Cat","name":"x"}"#, "cat"),
            (r#"{"petType":"Dog","name":"x"}"#, "dog"),
            (r#"{"petType":"Fish","name":"x","pack":1}"#, "unknown"),
        ],
    );
}

#[test]
fn a_property_of_the_parents_type_keeps_the_child() {
    let output = generate(
        &document(
            "
      walk: {payload: {type: object, required: [pet], properties: {pet: {$ref: '#/components/schemas/Pet'}}}}",
            PETS,
        ),
        &[],
    );
    for (kind, ty) in [
        ("Cat", "Cat"),
        ("Dog", "Dog"),
        ("StickBug", "Stick"),
        ("Pet", "PetItself"),
        ("Fish", "unknown"),
    ] {
        let json = format!(r#"{{"name":"x","petType":"{kind}"}}"#);
        assert_eq!(alternative(&output, &json), ty, "{kind}");
    }
}
