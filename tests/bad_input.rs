//! Documents that want to hang, crash or fill the memory: each is refused in time, with the place of the fault.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use crate::support::root;

const HEAD: &str = "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n";

/// A machine with other things to do and a build without optimisation take their time; a hang takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run may take, in KiB of address space.
const MEMORY: usize = 256 * 1024;

/// What it may take of the stack, in KiB: twice what Windows gives, for a build without optimisation.
const STACK: usize = 2 * 1024;

#[test]
fn texts_that_are_no_documents_are_refused_with_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = (1..12).map(|i| {
        format!(
            "x-a{i}: &a{i} [{}]\n",
            vec![format!("*a{}", i - 1); 9].join(",")
        )
    });
    let bomb = bomb.collect::<String>();
    let merges = (0..1000).map(|i| format!("k{i}: 1,")).collect::<String>();
    let mut large = format!("{HEAD}x-a:\n").into_bytes();
    large.extend(b"- abcdefgh\n".repeat(5_000_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "bomb.yaml",
            format!("{HEAD}x-a0: &a0 [x,x,x,x,x,x,x,x,x]\n{bomb}").into(),
            "too-large",
        ),
        (
            "merge.yaml",
            format!(
                "{HEAD}x-b: &b {{{merges}}}\nx-c:\n{}",
                "- <<: *b\n".repeat(100_000)
            )
            .into(),
            "too-large",
        ),
        ("large.yaml", large, "too-large"),
        (
            "flow.yaml",
            format!("{HEAD}x-d: {}", "[".repeat(100_000)).into(),
            "too-deep",
        ),
        (
            "dashes.yaml",
            format!("{HEAD}x-d:\n  {}", "- ".repeat(100_000)).into(),
            "too-deep",
        ),
        (
            "objects.json",
            format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)).into(),
            "too-deep",
        ),
        ("nul.yaml", format!("{HEAD}x-a: a\0b\n").into(), "not-utf8"),
        (
            "latin.yaml",
            [HEAD.as_bytes(), b"x-a: caf\xe9\n"].concat(),
            "not-utf8",
        ),
        (
            "utf16.yaml",
            HEAD.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "not-utf8",
        ),
        (
            "cycle.yaml",
            format!(
                "{HEAD}channels: {{a: {{$ref: '#/channels/b'}}, b: {{$ref: '#/channels/a'}}}}\n"
            )
            .into(),
            "reference-cycle",
        ),
        ("empty.yaml", Vec::new(), "not-asyncapi"),
        (
            "tab.yaml",
            format!("{HEAD}channels:\n\ta: {{}}\n").into(),
            "syntax",
        ),
    ];
    for (name, text, code) in cases {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let findings = check(&path);
        let found = findings.iter().find(|finding| finding["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{name}: {findings:#?}"));
        assert_eq!(found["severity"], "error", "{name}");
        assert!(
            found["line"].as_u64().is_some_and(|line| line > 0),
            "{name}"
        );
    }
}

#[test]
fn long_ways_end_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let chain =
        (0..10_000).map(|i| format!("    s{i}: {{$ref: '#/components/schemas/s{}'}}\n", i + 1));
    let chain = chain.collect::<String>();
    let nested = (0..10_000).map(|i| {
        let next = format!("{{$ref: '#/components/schemas/n{}'}}", i + 1);
        format!("    n{i}: {{type: object, default: {{}}, properties: {{a: {next}}}}}\n")
    });
    let nested = nested.collect::<String>();
    let text = format!(
        "{HEAD}servers: {{main: {{host: localhost, protocol: ws}}}}
channels: {{a: {{address: /a, messages: {{m: {{payload: {{$ref: '#/components/schemas/s0'}}}}}}}}}}
components:
  schemas:
{chain}    s10000: {{type: string}}
{nested}    n10000: {{type: string}}
"
    );
    let path = folder.path().join("chain.yaml");
    std::fs::write(&path, text).unwrap();
    let findings = check(&path);
    assert!(
        findings
            .iter()
            .all(|finding| finding["severity"] != "error"),
        "{findings:#?}"
    );
}

/// Schemas that each lead to the next in one way or another, and parts of an `allOf` that go round in circles of their own.
#[test]
fn schemas_that_lead_to_each_other_do_not_take_the_stack() {
    const LENGTH: usize = 1_000;
    let next = |kind: &str, i: usize| format!("{{$ref: '#/components/schemas/{kind}{}'}}", i + 1);
    let links = |i: usize| {
        let [property, choice, beside] = ["p", "c", "b"].map(|kind| next(kind, i));
        format!(
            "    p{i}: {{type: object, properties: {{a: {property}}}}}
    c{i}: {{oneOf: [{{type: integer}}, {choice}]}}
    b{i}: {{properties: {{b{i}: {{}}}}, oneOf: [{{required: [a], properties: {{a: {{}}}}}}, {beside}]}}\n"
        )
    };
    let chains = (0..LENGTH).map(links).collect::<String>();
    let circle = |length: usize| {
        let part = move |i: usize| {
            let next = (i + 1) % length;
            format!(
                "    o{length}_{i}: {{properties: {{next: {{$ref: '#/components/schemas/o{length}_{next}'}}, own{length}: {{}}}}}}\n"
            )
        };
        (0..length).map(part).collect::<String>()
    };
    let circles = [2, 3, 5, 7, 11, 13];
    let parts = circles.map(|length| format!("{{$ref: '#/components/schemas/o{length}_0'}}"));
    let starts =
        ["p0", "c0", "b0"].map(|start| format!("{{$ref: '#/components/schemas/{start}'}}"));
    let payload = format!(
        "{{prefixItems: [{}, {{allOf: [{}]}}], items: false}}",
        starts.join(", "),
        parts.join(", ")
    );
    let text = format!(
        "{HEAD}servers: {{main: {{host: localhost, protocol: ws}}}}
channels: {{a: {{address: /a, messages: {{m: {{payload: {payload}}}}}}}}}
components:
  schemas:
{chains}    p{LENGTH}: {{type: string}}
    c{LENGTH}: {{type: string}}
    b{LENGTH}: {{type: object}}
{}",
        circles.map(circle).concat()
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chains.yaml");
    std::fs::write(&path, text).unwrap();
    let findings = check(&path);
    let errors = findings
        .iter()
        .filter(|finding| finding["severity"] == "error");
    assert_eq!(errors.count(), 0, "{findings:#?}");
    let unmerged = findings.iter().filter(|finding| {
        finding["message"]
            .as_str()
            .unwrap()
            .contains("declared before")
    });
    assert!(unmerged.count() > 0, "{findings:#?}");
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(
        folder.path().join("secret.yaml"),
        "payload: {type: string}\n",
    )
    .unwrap();
    std::os::unix::fs::symlink("../secret.yaml", inside.join("link.yaml")).unwrap();
    std::os::unix::fs::symlink("..", inside.join("up")).unwrap();
    let ways = [
        "link.yaml",
        "up/secret.yaml",
        "../secret.yaml",
        "/etc/passwd",
    ];
    let messages = ways
        .iter()
        .enumerate()
        .map(|(i, way)| format!("m{i}: {{$ref: '{way}'}}"));
    let messages = messages.collect::<Vec<_>>().join(", ");
    let path = inside.join("asyncapi.yaml");
    std::fs::write(
        &path,
        format!("{HEAD}channels: {{a: {{messages: {{{messages}}}}}}}\n"),
    )
    .unwrap();
    let findings = check(&path);
    let refused = findings
        .iter()
        .filter(|found| found["code"] == "reference-outside-root");
    assert_eq!(refused.count(), ways.len(), "{findings:#?}");
}

/// The findings of `wsgen check`, within the bounds of time and memory.
fn check(path: &Path) -> Vec<Value> {
    let (done, wait) = mpsc::channel::<std::io::Result<Output>>();
    let mut command = bounded();
    command.args(["check", "--format", "json"]).arg(path);
    std::thread::spawn(move || done.send(command.output()));
    let output = wait.recv_timeout(PATIENCE).expect("it hangs").unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!(
            "{}: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// The program, where possible in little memory.
fn bounded() -> Command {
    let program = env!("CARGO_BIN_EXE_wsgen");
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut shell = Command::new("sh");
    let limited = format!("ulimit -v {MEMORY} -s {STACK}; exec \"$0\" \"$@\"");
    shell.current_dir(root()).args(["-c", &limited, program]);
    shell
}
