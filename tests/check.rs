//! What `wsgen check` says of documents that other people wrote, and of those that nobody should have written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::root;

/// The most that `check` may disagree with the reference parser, in percent.
const ACCEPTABLE: usize = 5;

/// The documents of the reference parser's tests, and whether it complains about them.
///
/// The parser's tests run one rule at a time, so that the same document is right for one and wrong for another (Avro
/// examples, which wsgen does not check; faulty examples, which a rule for other formats does not see); references to
/// the network are right there, and servers of 3.x may be named by strings.
#[test]
fn check_agrees_with_a_reference_parser() {
    let Some(corpus) = corpus() else { return };
    let mut disagreements = Vec::new();
    let cases = table(&corpus.join("rules/index.tsv"));
    for case in &cases {
        let expected = case["n_expected_errors"] != "0";
        let findings = check(&corpus.join("rules").join(&case["file"]));
        let counts = |finding: &&Value| {
            // What wsgen cannot do is no fault of the document.
            let aside = [
                "no-websocket-server",
                "skipped-server",
                "unsupported-content-type",
                "message-headers",
                "absent-property",
            ];
            finding["severity"] != "note" && !aside.iter().any(|code| finding["code"] == *code)
        };
        let reported: Vec<&Value> = findings.iter().filter(counts).collect();
        if reported.is_empty() == expected {
            let messages: Vec<&Value> = reported.iter().map(|found| &found["message"]).collect();
            let said = format!("{} ({}): {messages:?}", case["file"], case["name"]);
            disagreements.push(format!(
                "{said}; the parser says: {}",
                case["expected_messages"]
            ));
        }
    }
    println!("{} of {} disagree", disagreements.len(), cases.len());
    println!("{}", disagreements.join("\n"));
    assert!(disagreements.len() * 100 <= cases.len() * ACCEPTABLE);
}

/// What is right by the official JSON Schema and has a WebSocket server passes; the rest is refused or warned of.
#[test]
fn check_accepts_what_is_right_and_says_what_is_not() {
    let Some(corpus) = corpus() else { return };
    let mut verdicts: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for case in table(&corpus.join("index.tsv")) {
        let findings = check(&entry(&corpus.join("docs").join(&case["file"])));
        let of = |severity: &str| {
            findings
                .iter()
                .filter(|found| found["severity"] == severity)
                .count()
        };
        let verdict = match (of("error"), of("warning")) {
            (0, 0) => "accepted",
            (0, _) => "accepted with warnings",
            _ => "refused",
        };
        let schema = case["schema_check"].split(':').next().unwrap_or_default();
        let right = schema == "valid" && case["kind"] == "ws";
        if right == (verdict == "refused") && (right || verdict == "accepted") {
            faults.push(format!(
                "{}: {schema}, {verdict}: {findings:#?}",
                case["file"]
            ));
        }
        if verdict == "refused" {
            println!(
                "{}: {}",
                case["file"],
                findings
                    .iter()
                    .find(|found| found["severity"] == "error")
                    .unwrap()["message"]
            );
        }
        *verdicts
            .entry((case["kind"].clone(), schema.to_owned(), verdict))
            .or_default() += 1;
    }
    for ((kind, schema, verdict), count) in verdicts {
        println!("{count:4}  {kind:18} {schema:22} {verdict}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The findings of `wsgen check`, as programs get them.
fn check(path: &Path) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .args(["check", "--format", "json"])
        .arg(path)
        .output()
        .unwrap();
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let failed = findings.iter().any(|found| found["severity"] == "error");
    assert_eq!(
        output.status.code(),
        Some(i32::from(failed)),
        "{}",
        path.display()
    );
    findings
}

/// The documents of others, where they are at hand.
fn corpus() -> Option<PathBuf> {
    let corpus = root().parent()?.join("shared/corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    println!("skipped: there is no corpus beside the project");
    None
}

/// A document is a file, or a folder with one file that is a document and others that it refers to.
fn entry(path: &Path) -> PathBuf {
    if path.is_file() {
        return path.to_owned();
    }
    let files = crate::support::files_below(path).into_iter();
    let mut documents = files
        .map(|file| path.join(file))
        .filter(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains("asyncapi:")));
    documents.next().unwrap()
}

/// The rows of a file of tab-separated values, each by the names of its columns.
fn table(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let cells = line.split('\t').map(str::to_owned);
        columns
            .iter()
            .map(|name| (*name).to_owned())
            .zip(cells)
            .collect()
    };
    lines.map(row).collect()
}
