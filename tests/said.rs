//! What a document says and no handler sees is a finding; what is seen of it does not depend on its order.

use wsgen::diagnostic::{Code, Diagnostics};
use wsgen::document::Sources;
use wsgen::model::{Check, Definition, Literal, Service, Type};
use wsgen::{Options, naming};

const HEAD: &str = "asyncapi: 3.0.0
info: {title: Case, version: 1.0.0}
servers: {main: {host: 'localhost:8080', protocol: ws}}
";

fn understand(rest: &str) -> (Service, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let text = format!("{HEAD}{rest}");
    let sources = Sources::from_text("asyncapi.yaml", text, &mut diagnostics);
    let service = wsgen::understand(&sources, &Options::default(), &mut diagnostics);
    let found: Vec<String> = diagnostics
        .iter()
        .map(|found| found.message.clone())
        .collect();
    (service.unwrap_or_else(|| panic!("{found:?}")), diagnostics)
}

/// A document whose only message has this payload.
fn payload(schema: &str) -> String {
    format!("channels: {{api: {{address: /api, messages: {{m: {{payload: {schema}}}}}}}}}\n")
}

#[track_caller]
fn says(diagnostics: &Diagnostics, code: Code, words: &str) {
    let messages: Vec<(Code, &str)> = diagnostics
        .iter()
        .map(|found| (found.code, &*found.message))
        .collect();
    let found = messages
        .iter()
        .any(|(found, message)| *found == code && message.contains(words));
    assert!(found, "{code} {words}: {messages:?}");
}

#[test]
fn replies_without_an_address_go_back_on_the_connection() {
    let (service, _) = understand(
        "channels:
  requests: {address: /api, messages: {get: {payload: {type: object, required: [id], properties: {id: {type: string}}}}}}
  replies:
    address: null
    messages:
      accepted: {payload: {type: object, required: [state], properties: {state: {type: object}}}}
      rejected: {payload: {type: object, required: [code], properties: {code: {type: integer}}}}
operations:
  getShadow:
    action: receive
    channel: {$ref: '#/channels/requests'}
    reply: {address: {location: '$message.payload#/replyTo'}, channel: {$ref: '#/channels/replies'}}
",
    );
    let [route] = service.routes.as_slice() else {
        panic!("one route")
    };
    let methods: Vec<_> = route
        .methods()
        .map(|method| {
            (
                &*method.name,
                method
                    .reply
                    .as_ref()
                    .map_or(0, |reply| reply.messages().len()),
            )
        })
        .collect();
    assert_eq!(methods, [("get_shadow", 2)]);
}

#[test]
fn an_operation_without_a_handler_is_named_and_the_reply_kept() {
    let (service, diagnostics) = understand(
        "channels:
  stream: {address: /api, messages: {reaction: {headers: {type: object}, payload: {type: object, required: [a], properties: {a: {type: string}}}}}}
  answers: {address: /answers, messages: {answer: {payload: {type: string}}}}
operations:
  count: {action: receive, channel: {$ref: '#/channels/stream'}}
  handle: {action: receive, channel: {$ref: '#/channels/stream'}, reply: {channel: {$ref: '#/channels/answers'}}}
",
    );
    let methods: Vec<&str> = service
        .routes
        .iter()
        .flat_map(|route| route.methods())
        .filter(|method| method.reply.is_some())
        .map(|method| &*method.name)
        .collect();
    assert_eq!(methods, ["handle"]);
    says(
        &diagnostics,
        Code::SharedMessage,
        "`count` has no handler of its own",
    );
    says(&diagnostics, Code::ReplyChannel, "not on `answers`");
    says(
        &diagnostics,
        Code::MessageHeaders,
        "the headers of `reaction`",
    );
}

#[test]
fn a_correlation_id_that_is_nowhere_is_said() {
    let (_, diagnostics) = understand(
        "channels: {api: {address: /api, messages: {m: {correlationId: {location: '$message.payload#/reqId'}, payload: {type: object, properties: {req_id: {type: string}}}}}}}\n",
    );
    says(&diagnostics, Code::InvalidValue, "no property `reqId`");
    let found = diagnostics
        .iter()
        .find(|found| found.code == Code::InvalidValue);
    assert_eq!(
        found.unwrap().help.as_deref(),
        Some("did you mean `req_id`?")
    );
}

#[test]
fn what_is_not_held_is_a_warning() {
    let (_, diagnostics) = understand(&payload(
        "{type: object, if: {required: [a]}, properties: {a: {type: [string, 'null']}, n: {type: integer, format: uint8, default: 300}, p: {type: string, pattern: '^\\p{L}$'}, q: {type: string, pattern: '(?=a)'}, s: {type: string, pattern: '^\\/[a-z]+$'}}}",
    ));
    says(&diagnostics, Code::UnsupportedSchema, "`if` is not checked");
    says(&diagnostics, Code::UnsupportedSchema, "a class of Unicode");
    says(&diagnostics, Code::UnsupportedSchema, "it looks around");
    says(&diagnostics, Code::InvalidDefault, "`300` is too large");
    says(
        &diagnostics,
        Code::AbsentProperty,
        "no default is filled in where a property is absent: `n`",
    );
    says(
        &diagnostics,
        Code::AbsentProperty,
        "null and absence are the same",
    );
    assert!(
        diagnostics
            .iter()
            .all(|found| found.severity.as_str() == "warning")
    );
}

#[test]
fn narrow_integers_are_held() {
    let (service, _) = understand(&payload(
        "{type: object, required: [n], properties: {n: {type: integer, format: uint8}}}",
    ));
    let fields = service
        .types
        .iter()
        .find_map(|(_, ty)| match &ty.definition {
            Definition::Struct { fields, .. } => Some(fields),
            _ => None,
        });
    let Type::Checked(_, checks) = &fields.unwrap()[0].ty else {
        panic!("no check")
    };
    assert!(
        matches!(
            checks[..],
            [Check::Maximum(wsgen::model::Bound::Integer(255))]
        ),
        "{checks:?}"
    );
}

/// The names of enumeration variants by their values, and of fields by theirs.
fn names(schema: &str) -> Vec<(String, String)> {
    let (service, _) = understand(&payload(schema));
    let mut found = Vec::new();
    for (_, ty) in service.types.iter() {
        match &ty.definition {
            Definition::Enumeration(variants) => {
                found.extend(variants.iter().map(|variant| match &variant.value {
                    Literal::String(text) => (text.clone(), variant.name.clone()),
                    Literal::Integer(number) => (number.to_string(), variant.name.clone()),
                }));
            }
            Definition::Struct { fields, .. } => {
                found.extend(
                    fields
                        .iter()
                        .map(|field| (field.name.clone(), field.field.clone())),
                );
            }
            _ => {}
        }
    }
    found.sort();
    found
}

#[test]
fn names_do_not_depend_on_order() {
    let values = ["mW", "MW", "mw", "m-w", "≥", "≈", ">=", "", "Self", "self"];
    let listed = |values: &[&str]| {
        let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        format!(
            "{{type: object, required: [p, Price, price], properties: {{u: {{enum: [{}]}}, p: {{type: string}}, Price: {{type: string}}, price: {{type: string}}}}}}",
            values.join(", ")
        )
    };
    let forward = names(&listed(&values));
    let mut reversed = values;
    reversed.reverse();
    let backward = names(&listed(&reversed).replace(
        "Price: {type: string}, price: {type: string}",
        "price: {type: string}, Price: {type: string}",
    ));
    assert_eq!(forward, backward);
    // Without some of them, each name that is left means what it meant, or is gone.
    for (value, name) in names(&listed(&values[1..5])) {
        for (other, again) in &forward {
            assert!(
                *again != name || *other == value,
                "{name} was {value} and is {other}"
            );
        }
    }
    let of = |value: &str| {
        forward
            .iter()
            .find(|(wire, _)| wire == value)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        (of("≥"), of("price"), of("Price")),
        (
            "U2265".to_owned(),
            "small_price".to_owned(),
            "capital_price".to_owned()
        )
    );
    assert_eq!(
        naming::distinct_names(&["a b", "c"], naming::type_name),
        ["AB", "C"]
    );
}

#[test]
fn messages_without_a_name_are_called_by_what_they_are() {
    let text = |first: &str, second: &str| {
        format!(
            "asyncapi: 2.6.0\ninfo: {{title: L, version: '1'}}\nservers: {{main: {{url: 'ws://localhost', protocol: ws}}}}\nchannels: {{api: {{publish: {{message: {{oneOf: [{{payload: {{type: {first}}}}}, {{payload: {{type: {second}}}}}]}}}}}}}}\n"
        )
    };
    for order in [["integer", "string"], ["string", "integer"]] {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("a.yaml", text(order[0], order[1]), &mut diagnostics);
        let service = wsgen::understand(&sources, &Options::default(), &mut diagnostics).unwrap();
        let route = service.routes.iter().next().unwrap();
        let mut methods: Vec<&str> = route.methods().map(|method| &*method.name).collect();
        methods.sort_unstable();
        assert_eq!(methods, ["api_integer", "api_text"]);
    }
}

#[test]
fn an_object_in_the_query_is_said() {
    let (_, diagnostics) = understand(
        "channels:
  api:
    address: /api
    bindings: {ws: {query: {type: object, properties: {filter: {type: object, properties: {a: {type: string}}}, ids: {type: array, items: {type: integer}}}}}}
    messages: {m: {payload: {type: string}}}
",
    );
    says(
        &diagnostics,
        Code::UnsupportedSchema,
        "`filter` in the query is read as text",
    );
    let about = diagnostics
        .iter()
        .filter(|found| found.message.contains("in the query"));
    assert_eq!(about.count(), 1);
}

#[test]
fn a_type_of_another_language_is_taken_as_meant() {
    let (service, diagnostics) = understand(&payload(
        "{type: object, required: [a, b, c], properties: {a: {type: bool}, b: {type: int}, c: {type: strnig}}}",
    ));
    says(
        &diagnostics,
        Code::InvalidValue,
        "no type `bool`: it is taken as `boolean`",
    );
    says(
        &diagnostics,
        Code::InvalidValue,
        "no type `strnig`; any value is taken",
    );
    let fields = service
        .types
        .iter()
        .find_map(|(_, ty)| match &ty.definition {
            Definition::Struct { fields, .. } => Some(fields),
            _ => None,
        });
    let types: Vec<&Type> = fields.unwrap().iter().map(|field| &field.ty).collect();
    assert!(
        matches!(types[..], [Type::Boolean, Type::Integer(_), Type::Value]),
        "{types:?}"
    );
}
