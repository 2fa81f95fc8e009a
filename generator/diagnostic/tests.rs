//! What findings look like, to people and to programs.

use serde_json::{Value, json};

use super::{Code, Diagnostics, Location, Severity, render_human, render_json, render_sarif};
use crate::document::Sources;

const TEXT: &str = "asyncapi: 3.0.0\nchannels:\n  chät: {adress: /a}\n";

/// A warning with all that a finding can have, and a note without a place.
fn findings() -> (Sources, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", TEXT, &mut diagnostics);
    let root = sources.root().unwrap();
    let channel = root.get("channels").unwrap().get("chät").unwrap();
    let property = channel.get("adress").unwrap();
    diagnostics
        .warning(
            Code::UnknownProperty,
            property.key_location(),
            "no such property",
        )
        .related(channel.key_location(), "in this channel")
        .help("did you mean `address`?");
    diagnostics.note(Code::NoChannels, None, "nothing to serve");
    (sources, diagnostics)
}

#[test]
fn people_see_the_line() {
    let (sources, diagnostics) = findings();
    let expected = "\
note[no-channels]: nothing to serve

warning[unknown-property]: no such property
 --> asyncapi.yaml:3:10
  |
3 |   chät: {adress: /a}
  |          ^^^^^^
  |
 ::: asyncapi.yaml:3:3
  |
3 |   chät: {adress: /a}
  |   ---- in this channel
  |
  = help: did you mean `address`?

";
    assert_eq!(render_human(&diagnostics, &sources, false), expected);
    assert!(render_human(&diagnostics, &sources, true).contains("\u{1b}["));
}

#[test]
fn nothing_in_a_document_commands_a_terminal() {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text(
        "a\u{1b}[2J.yaml",
        "\"a\u{202e}b\u{9b}31m\": \u{7f}1\n",
        &mut diagnostics,
    );
    let (key, value) = sources.root().unwrap().entries().next().unwrap();
    diagnostics
        .error(
            Code::InvalidValue,
            value.key_location(),
            format!("bad {key}\u{1b}]0;x\u{7}"),
        )
        .help(key.to_owned());
    let rendered = render_human(&diagnostics, &sources, false);
    assert!(rendered.contains("--> a"), "{rendered}");
    assert!(
        !rendered.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7f}', '\u{7}']),
        "{rendered:?}"
    );
}

#[test]
fn a_long_line_is_cut() {
    let mut diagnostics = Diagnostics::new();
    let text = format!(
        "{{\"a\": \"{}\", \"here\": 1, \"z\": \"{}\"}}",
        "é".repeat(100_000),
        "x".repeat(100_000)
    );
    let sources = Sources::from_text("a.json", text, &mut diagnostics);
    let here = sources.root().unwrap().get("here").unwrap();
    diagnostics.error(Code::InvalidValue, here.key_location(), "look");
    let rendered = render_human(&diagnostics, &sources, false);
    assert!(
        rendered.len() < 2_000 && rendered.contains("\"here\": 1"),
        "{rendered}"
    );
}

#[test]
fn programs_get_line_column_and_pointer() {
    let (sources, diagnostics) = findings();
    let rendered: Value = serde_json::from_str(&render_json(&diagnostics, &sources)).unwrap();
    let expected = json!([
        {
            "severity": "note", "code": "no-channels", "message": "nothing to serve",
            "file": null, "line": null, "column": null, "pointer": null, "help": null,
        },
        {
            "severity": "warning", "code": "unknown-property", "message": "no such property",
            "file": "asyncapi.yaml", "line": 3, "column": 10, "pointer": "/channels/chät/adress",
            "help": "did you mean `address`?",
        },
    ]);
    assert_eq!(rendered, expected);
}

#[test]
fn sarif_has_a_rule_for_each_result() {
    let (sources, diagnostics) = findings();
    let log: Value = serde_json::from_str(&render_sarif(&diagnostics, &sources)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["id"])
        .collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    assert!(
        results
            .iter()
            .all(|result| rules.contains(&&result["ruleId"]))
    );
    let place = &results[1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "asyncapi.yaml");
    assert_eq!(
        place["region"],
        json!({"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 16})
    );
    assert_eq!(
        results[1]["relatedLocations"][0]["message"]["text"],
        "in this channel"
    );
}

#[test]
fn saying_it_again_adds_nothing_and_strictness_turns_warnings_into_errors() {
    let (sources, mut diagnostics) = findings();
    let root = sources.root().unwrap();
    let place = Location {
        span: 0..8,
        ..root.location()
    };
    diagnostics
        .warning(Code::WrongType, place.clone(), "odd")
        .help("first");
    diagnostics
        .warning(Code::WrongType, place, "odd")
        .help("again");
    assert_eq!((diagnostics.len(), diagnostics.has_errors()), (3, false));
    let order: Vec<Code> = diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(
        order,
        [Code::NoChannels, Code::WrongType, Code::UnknownProperty]
    );
    let diagnostics = diagnostics.strict();
    assert_eq!(
        (
            diagnostics.count(Severity::Error),
            diagnostics.count(Severity::Note)
        ),
        (2, 1)
    );
}

#[test]
fn every_code_has_a_name_and_a_story() {
    for &code in Code::ALL {
        assert_eq!(code.as_str().parse(), Ok(code));
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(code.as_str().chars().all(kebab), "{code}");
        assert!(
            code.explanation().len() > 100,
            "{code} needs a page in `explain/`"
        );
    }
    let unknown = "no-websocket-sever".parse::<Code>().unwrap_err();
    assert_eq!(unknown.nearest, Some(Code::NoWebSocketServer));
}
