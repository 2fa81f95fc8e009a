//! The commands that tell about a document: what they print where, and how they exit.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use wsgen::diagnostic::Code;

use crate::support::root;

#[test]
fn check_exits_by_what_it_finds() {
    let status = |arguments: &[&str]| wsgen(arguments).status.code();
    let with_warning = ui(Code::UnusedVariable);
    assert_eq!(status(&["check", &chat()]), Some(0));
    assert_eq!(status(&["check", &with_warning]), Some(0));
    assert_eq!(status(&["check", "--strict", &with_warning]), Some(1));
    assert_eq!(status(&["check", &ui(Code::InvalidValue)]), Some(1));
    assert_eq!(status(&["check"]), Some(2));
    assert_eq!(status(&["check", "--format", "mermaid", &chat()]), Some(2));
}

#[test]
fn a_document_without_a_websocket_server_is_right_and_nothing_to_generate_from() {
    for code in [Code::NoWebSocketServer, Code::EmptyServers] {
        assert_eq!(
            wsgen(&["check", &ui(code)]).status.code(),
            Some(0),
            "{code}"
        );
        assert_eq!(
            wsgen(&["check", "--strict", &ui(code)]).status.code(),
            Some(1),
            "{code}"
        );
        assert_eq!(
            wsgen(&["inspect", &ui(code)]).status.code(),
            Some(1),
            "{code}"
        );
    }
}

#[test]
fn check_tells_programs_where() {
    let findings = json(&["check", "--format", "json", &ui(Code::InvalidExample)]);
    let [finding] = findings.as_array().unwrap().as_slice() else {
        panic!("{findings:#}")
    };
    let place = ["severity", "code", "line", "column", "pointer"].map(|key| finding[key].clone());
    let pointer = "/channels/chat/messages/hello/examples/1/payload/text";
    let expected: [Value; 5] = [
        "warning".into(),
        "invalid-example".into(),
        24.into(),
        21.into(),
        pointer.into(),
    ];
    assert_eq!(place, expected);
    assert!(
        finding["file"]
            .as_str()
            .unwrap()
            .ends_with("invalid-example.yaml")
    );
    assert!(finding["message"].is_string() && finding["help"].is_string());
}

#[test]
fn check_tells_scanners_in_sarif() {
    let log = json(&["check", "--format", "sarif", &ui(Code::InvalidExample)]);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "invalid-example");
    assert_eq!(run["results"][0]["ruleId"], "invalid-example");
    let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 24);
}

#[test]
fn inspect_tells_programs_what_was_understood_and_why() {
    let understood = json(&["inspect", "--format", "json", &ui(Code::UndeclaredScheme)]);
    let server = &understood["servers"][0];
    assert_eq!(server["url"], "wss://chat.example.com");
    assert_eq!(server["security"][0][0]["kind"], "bearer");
    let route = &understood["routes"][0];
    assert_eq!(route["path"], "/chat");
    assert_eq!(route["operations"][0]["direction"], "in");
    assert_eq!(
        route["messages"][0]["told_apart_by"]["by"],
        "being the only one"
    );
    assert_eq!(understood["findings"][0]["code"], "undeclared-scheme");
}

#[test]
fn inspect_draws_what_was_understood() {
    let picture = text(&["inspect", "--format", "mermaid", &chat()]);
    assert!(picture.starts_with("flowchart LR\n"));
    for part in ["/rooms/{room}", "sendMessage", "production", "-->"] {
        assert!(picture.contains(part), "{part}: {picture}");
    }
}

#[test]
fn verbose_tells_which_files_were_read_and_how_many_findings_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("api.yaml");
    let text = std::fs::read_to_string(ui(Code::UnusedVariable)).unwrap();
    std::fs::write(
        &document,
        format!("{text}components: {{schemas: {{other: {{$ref: other.yaml}}, none: {{$ref: none.yaml}}}}}}\n"),
    )
    .unwrap();
    let other = folder.path().join("other.yaml");
    std::fs::write(&other, "type: string\n").unwrap();
    let (document, other) = (path(&document), path(&other));
    let read = format!("read {document}\nread {other}\nfound ");
    for command in [
        &["check"][..],
        &["check", "--format", "json"],
        &["check", "--format", "sarif"],
        &["inspect"],
    ] {
        let run = |flag: &str| {
            let arguments = [command, &[flag, document.as_str()]].concat();
            String::from_utf8(wsgen(&arguments).stderr).unwrap()
        };
        let said = run("--verbose");
        assert!(said.starts_with(&read), "{command:?}: {said}");
        let counts = said.lines().nth(2);
        assert_eq!(
            counts,
            Some("found 0 errors, 2 warnings, 0 notes"),
            "{command:?}"
        );
        assert!(!run("--quiet").contains("read "), "{command:?}");
    }
    let contradiction = wsgen(&["check", "-v", "-q", &document]);
    assert_eq!(contradiction.status.code(), Some(2));
}

#[test]
fn every_code_is_listed_and_explained() {
    let list = text(&["explain"]);
    for code in Code::ALL {
        assert!(
            list.lines()
                .any(|line| line.split(' ').next() == Some(code.as_str())),
            "{code}"
        );
        let page = text(&["explain", code.as_str()]);
        assert!(
            page.starts_with("# ") && page.lines().count() > 3,
            "{code}: {page}"
        );
    }
    let mistaken = wsgen(&["explain", "unused-paramter"]);
    assert_eq!(mistaken.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mistaken.stderr).contains("did you mean `unused-parameter`?"));
}

#[test]
fn shells_learn_the_commands() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        assert!(script.contains("inspect"), "{shell}");
    }
}

fn chat() -> String {
    path(&root().join("examples/chat/asyncapi.yaml"))
}

/// The case of a code.
fn ui(code: Code) -> String {
    path(&root().join(format!("tests/ui/{code}.yaml")))
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(arguments)).unwrap()
}

/// What a command that does not fail prints.
fn text(arguments: &[&str]) -> String {
    let output = wsgen(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn wsgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn examples_of_headers_are_held_against_the_merged_schema() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("api.yaml");
    // `own` and `id` are of the message, `common` and `id` of its trait.
    let message = "
      headers: {type: object, properties: {own: {type: integer}, id: {type: string}}, additionalProperties: false}
      traits: [{headers: {properties: {common: {type: integer}, id: {type: integer}}}}]
      payload: {type: string}
      examples:
      - headers: {own: 1, common: 2}
      - headers: {common: text}
      - headers: {own: text}
      - headers: {id: text}
      - headers: {id: 5}
";
    let v2 = format!(
        "asyncapi: 2.6.0\ninfo: {{title: a, version: b}}\nservers: {{s: {{url: 'ws://h', protocol: ws}}}}\nchannels:\n  c:\n   publish:\n    message:{message}"
    );
    let v3 = format!(
        "asyncapi: 3.0.0\ninfo: {{title: a, version: b}}\nservers: {{s: {{host: h, protocol: ws}}}}\nchannels:\n  c:\n   address: /c\n   messages:\n    m:{message}operations: {{o: {{action: receive, channel: {{$ref: '#/channels/c'}}}}}}\n"
    );
    for (text, wrong_id) in [(v2, 3), (v3, 4)] {
        std::fs::write(&document, &text).unwrap();
        let findings = json(&["check", "--format", "json", &path(&document)]);
        let findings = findings.as_array().unwrap().iter();
        let examples = findings.filter(|finding| finding["code"] == "invalid-example");
        let pointers: Vec<&str> = examples
            .map(|each| each["pointer"].as_str().unwrap())
            .collect();
        let ends = [
            "/examples/1/headers/common".to_owned(),
            "/examples/2/headers/own".to_owned(),
            format!("/examples/{wrong_id}/headers/id"),
        ];
        assert_eq!(pointers.len(), ends.len(), "{pointers:?}");
        for (pointer, end) in pointers.iter().zip(&ends) {
            assert!(pointer.ends_with(end), "{pointer} {end}");
        }
    }
}
