//! The commands that tell about a document: what they print where, and how they exit.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

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
fn check_refuses_what_cannot_be_generated() {
    let status = |arguments: &[&str]| wsgen(arguments).status.code();
    let broker = ui(Code::NoWebSocketServer);
    assert_eq!(status(&["check", &broker]), Some(1));
    assert_eq!(status(&["inspect", &broker]), Some(1));
    let url = "ws://localhost:8080/live";
    assert_eq!(status(&["check", "--server", url, &broker]), Some(0));
    let bare = ui(Code::EmptyServers);
    assert_eq!(status(&["check", &bare]), Some(0));
    assert_eq!(status(&["inspect", &bare]), Some(0));
    assert_eq!(status(&["check", "--strict", &bare]), Some(1));
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
fn inspect_shows_what_each_stage_made() {
    let stage = |stage: &str| text(&["inspect", "--stage", stage, &chat()]);
    let document = stage("document");
    for line in [
        "AsyncAPI 3.0",
        "server production  ",
        "channel room  /rooms/{room}",
        "  message sendMessage",
        "operation talk  receive on room",
    ] {
        assert!(document.contains(line), "{line}: {document}");
    }
    assert_eq!(stage("model"), text(&["inspect", &chat()]));
    let files = stage("files");
    for line in ["==> src/generated/room.rs <==", "pub trait Room"] {
        assert!(files.contains(line), "{line}: {files}");
    }
    let programs = |stage: &str| json(&["inspect", "--stage", stage, "--format", "json", &chat()]);
    let document = programs("document");
    assert_eq!(document["channels"][0]["address"], "/rooms/{room}");
    assert_eq!(document["operations"][0]["action"], "receive");
    let first = &programs("files")[0];
    assert_eq!(first["path"], "src/generated/mod.rs");
    assert!(
        first["contents"]
            .as_str()
            .unwrap()
            .contains("pub mod room;")
    );
    let drawn = wsgen(&[
        "inspect",
        "--stage",
        "files",
        "--format",
        "mermaid",
        &chat(),
    ]);
    assert_eq!(drawn.status.code(), Some(2));
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

#[test]
fn manual_pages_are_written_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let dir = path(folder.path());
    text(&["man", &dir]);
    for page in ["wsgen.1", "wsgen-init.1", "wsgen-new.1", "wsgen-diff.1"] {
        let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(page.contains(".TH wsgen"), "{page}");
    }
    let missing = wsgen(&["man", &format!("{dir}/missing")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("missing`"));
}

#[test]
fn a_newcomer_finds_every_command_and_what_it_is_for() {
    let overview = text(&["--help"]);
    let commands = [
        "init",
        "new",
        "generate",
        "watch",
        "check",
        "inspect",
        "diff",
        "explain",
        "completions",
        "man",
    ];
    for command in commands {
        assert!(
            overview.contains(&format!("\n  {command} ")),
            "{command}: {overview}"
        );
        let help = text(&[command, "--help"]);
        assert!(
            help.contains("Usage: wsgen") && help.contains("Common options:"),
            "{help}"
        );
    }
}

#[test]
fn a_dash_reads_standard_input() {
    let document = std::fs::read(chat()).unwrap();
    for arguments in [
        &["check", "-"][..],
        &["inspect", "-"],
        &["diff", "-", &chat()],
        &["diff", &chat(), "-", "--deny", "editorial"],
        &["init", "-", "somewhere", "--dry-run"],
    ] {
        let output = fed(arguments, &document);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    }
}

#[test]
fn init_tells_programs_what_was_understood() {
    let understood = json(&[
        "init",
        &chat(),
        "somewhere",
        "--dry-run",
        "--format",
        "json",
    ]);
    assert_eq!(understood["servers"][0]["name"], "production");
}

/// Nobody reads what is printed; more is printed than a pipe holds.
#[test]
fn a_reader_that_has_gone_away_has_seen_enough() {
    for arguments in [
        &["explain", "--format", "json"][..],
        &["completions", "bash"],
        &["--help"],
        &["inspect", "--format", "json", &chat()],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wsgen"));
        let piped = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
}

#[test]
fn colours_are_there_when_they_are_asked_for() {
    let warned = ui(Code::UnusedVariable);
    let other = path(&root().join("tests/diff/closed/old.yaml"));
    for (arguments, has_result) in [
        (&["check", warned.as_str()][..], false),
        (&["diff", &chat(), &other], true),
    ] {
        for (color, expected) in [("always", true), ("never", false), ("auto", false)] {
            let output = wsgen(&[arguments, &["--color", color]].concat());
            let shown = if has_result {
                output.stdout
            } else {
                output.stderr
            };
            assert_eq!(shown.contains(&0x1b), expected, "{arguments:?} {color}");
        }
    }
}

#[test]
fn quiet_says_only_what_is_wrong() {
    let other = path(&root().join("tests/diff/closed/old.yaml"));
    for arguments in [
        &["check", &ui(Code::UnusedVariable)][..],
        &["inspect", &ui(Code::UnusedVariable)],
        &["diff", &chat(), &other],
        &["explain", "syntax"],
    ] {
        let output = wsgen(&[arguments, &["--quiet"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
fn names_of_operations_tell_whose_side_a_document_is_written_from() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("api.yaml");
    let mut faults = Vec::new();
    for (sends, receives, of_client) in [
        ("sendMessage", "receiveMessage", false),
        ("subscribe", "tick", true),
        ("sendJoinRoom", "listenRoomJoined", true),
        ("sendClientMessage", "receiveServerMessage", true),
        ("sendOrderRequest", "receiveOrderResponse", true),
        ("sendOrderResponse", "receiveOrderRequest", false),
        ("ack", "joinRoom", false),
        ("tick", "subscribe", false),
    ] {
        let operation = |name: &str, action: &str| {
            format!("  {name}: {{action: {action}, channel: {{$ref: '#/channels/c'}}}}\n")
        };
        let (sent, received) = (operation(sends, "send"), operation(receives, "receive"));
        let text = format!(
            "asyncapi: 3.0.0\ninfo: {{title: a, version: b}}\nservers: {{s: {{host: h, protocol: ws}}}}\nchannels: {{c: {{address: /c, messages: {{m: {{payload: {{type: string}}}}}}}}}}\noperations:\n{sent}{received}"
        );
        std::fs::write(&document, text).unwrap();
        let findings = json(&["check", "--format", "json", &path(&document)]);
        let mut findings = findings.as_array().unwrap().iter();
        if findings.any(|finding| finding["code"] == "perspective") != of_client {
            faults.push(format!("{sends}, {receives}"));
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
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

/// What a command makes of its standard input.
fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsgen"));
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
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
