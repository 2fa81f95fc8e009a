//! What `wsgen diff` says: `diff/<case>/` has a document before and after, and what is said of the way there and back.
//!
//! `WSGEN_UPDATE=1 cargo test diff` writes what is said now.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use wsgen::Options;
use wsgen::compare::{Effect, Kind, compare};
use wsgen::diagnostic::Diagnostics;

use crate::corpus::entries;
use crate::support::{load, root};

#[test]
fn each_way_says_what_it_said() {
    let update = std::env::var_os("WSGEN_UPDATE").is_some();
    let mut faults = Vec::new();
    for case in cases() {
        for (name, from, to) in [
            ("forward.txt", "old.yaml", "new.yaml"),
            ("backward.txt", "new.yaml", "old.yaml"),
        ] {
            let said = text(&case, &[from, to]);
            let expected = case.join(name);
            if update {
                fs::write(&expected, said).unwrap();
            } else if fs::read_to_string(&expected).unwrap_or_default() != said {
                faults.push(format!(
                    "{} is not what is said now:\n{said}",
                    expected.display()
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_kind_of_change_has_a_case() {
    let mut missing: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    for case in cases() {
        for ways in [["old.yaml", "new.yaml"], ["new.yaml", "old.yaml"]] {
            for change in changes(&case, &ways) {
                missing.remove(change["kind"].as_str().unwrap());
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_documentation_lists_every_kind_and_whom_it_breaks() {
    let page = fs::read_to_string(root().join("docs/changes.md")).unwrap();
    let rows: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| {
            let (clients, handlers) = (kind.clients().as_str(), kind.handlers().as_str());
            let [clients, handlers] =
                [clients, handlers].map(|effect| effect.replace("unaffected", ""));
            format!("| `{kind}` | {} | {clients} | {handlers} |", kind.meaning())
        })
        .collect();
    let listed: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    assert_eq!(listed, rows, "the table should be:\n{}", rows.join("\n"));
}

/// What widens for the one narrows for the other: of a change and its reverse one breaks clients, unless neither reaches them.
#[test]
fn the_way_back_breaks_what_the_way_there_adds() {
    let opposites = [
        (Kind::ServerAdded, Kind::ServerRemoved),
        (Kind::ChannelAdded, Kind::ChannelRemoved),
        (Kind::SecurityRelaxed, Kind::SecurityTightened),
        (Kind::SubprotocolAdded, Kind::SubprotocolRemoved),
        (Kind::InboundMessageAdded, Kind::InboundMessageRemoved),
        (Kind::OutboundMessageAdded, Kind::OutboundMessageRemoved),
        (Kind::InboundValueAdded, Kind::InboundValueRemoved),
        (Kind::OutboundValueRemoved, Kind::OutboundValueAdded),
        (
            Kind::InboundAlternativeAdded,
            Kind::InboundAlternativeRemoved,
        ),
        (
            Kind::OutboundAlternativeRemoved,
            Kind::OutboundAlternativeAdded,
        ),
        (Kind::InboundWidened, Kind::InboundNarrowed),
        (Kind::OutboundNarrowed, Kind::OutboundWidened),
        (Kind::InboundTypeWidened, Kind::InboundTypeChanged),
        (Kind::OutboundTypeNarrowed, Kind::OutboundTypeChanged),
        (Kind::InboundPropertyOptional, Kind::InboundPropertyRequired),
        (
            Kind::OutboundPropertyRequired,
            Kind::OutboundPropertyOptional,
        ),
        (Kind::ParameterOptional, Kind::ParameterRequired),
        (Kind::ReplyAdded, Kind::ReplyRemoved),
    ];
    for case in cases() {
        let there = changes(&case, &["old.yaml", "new.yaml"]);
        let back = changes(&case, &["new.yaml", "old.yaml"]);
        let count = |changes: &[Value], kind: Kind| {
            let of = |change: &&Value| change["kind"] == kind.as_str();
            changes.iter().filter(of).count()
        };
        for (harmless, harmful) in opposites {
            assert!(harmless.clients() < Effect::Breaking && harmful.clients() == Effect::Breaking);
            // A type that is neither wider nor narrower is `changed` both ways.
            let (there, back) = (count(&there, harmless), count(&back, harmful));
            assert!(
                there <= back,
                "{}: {harmless} {there}, {harmful} {back}",
                case.display()
            );
        }
    }
}

#[test]
fn a_document_is_the_same_as_itself() {
    let mut documents: Vec<PathBuf> = cases()
        .iter()
        .flat_map(|case| [case.join("old.yaml"), case.join("new.yaml")])
        .collect();
    documents.extend(entries().unwrap_or_default());
    let mut compared = 0;
    for document in &documents {
        let service = || {
            let mut diagnostics = Diagnostics::new();
            let sources = load(document, &mut diagnostics);
            wsgen::understand(&sources, &Options::default(), &mut diagnostics)
        };
        if let (Some(old), Some(new)) = (service(), service()) {
            let changes = compare(&old, &new);
            assert!(changes.is_empty(), "{}: {changes:#?}", document.display());
            compared += 1;
        }
    }
    println!("{compared} of {} documents are services", documents.len());
    assert!(compared >= cases().len() * 2);
}

#[test]
fn what_is_denied_decides_how_it_exits() {
    let case = root().join("tests/diff/messages");
    let status = |arguments: &[&str]| diff(&case, arguments).status.code();
    let ways = ["old.yaml", "new.yaml"];
    assert_eq!(status(&ways), Some(0));
    assert_eq!(
        status(&["old.yaml", "new.yaml", "--deny", "breaking"]),
        Some(1)
    );
    assert_eq!(
        status(&["old.yaml", "old.yaml", "--deny", "editorial"]),
        Some(0)
    );
    let added = root().join("tests/diff/closed");
    let status = |arguments: &[&str]| diff(&added, arguments).status.code();
    assert_eq!(
        status(&[
            "old.yaml", "new.yaml", "--deny", "breaking", "--for", "handlers"
        ]),
        Some(1)
    );
    assert_eq!(status(&["old.yaml", "missing.yaml"]), Some(1));
    assert_eq!(status(&["-", "-"]), Some(2));
    assert_eq!(status(&["old.yaml"]), Some(2));
    assert_eq!(
        status(&["old.yaml", "new.yaml", "--format", "sarif"]),
        Some(2)
    );
}

#[test]
fn programs_learn_the_place_and_whom_it_breaks() {
    let case = root().join("tests/diff/properties");
    let found = changes(&case, &["old.yaml", "new.yaml"]);
    let required = found
        .iter()
        .find(|change| change["kind"] == "inbound-property-required")
        .unwrap();
    assert_eq!(required["clients"], "breaking");
    assert_eq!(required["document"], "new");
    assert_eq!(
        required["pointer"],
        "/components/schemas/Say/properties/size"
    );
    let gone = found
        .iter()
        .find(|change| change["kind"] == "inbound-property-removed")
        .unwrap();
    assert_eq!(gone["document"], "old");
    assert_eq!(gone["file"], "old.yaml");
    assert_eq!(gone["clients"], "unaffected");
}

#[test]
fn pages_get_a_list_below_a_heading_for_each_effect() {
    let case = root().join("tests/diff/closed");
    let page =
        String::from_utf8(diff(&case, &["old.yaml", "new.yaml", "--format", "markdown"]).stdout)
            .unwrap();
    assert!(
        page.starts_with("### Breaking for clients and handlers\n\n- `"),
        "{page}"
    );
    let same =
        String::from_utf8(diff(&case, &["old.yaml", "old.yaml", "--format", "markdown"]).stdout)
            .unwrap();
    assert_eq!(same, "No changes.\n");
}

fn cases() -> Vec<PathBuf> {
    let folders = fs::read_dir(root().join("tests/diff")).unwrap();
    let mut cases: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn text(case: &Path, documents: &[&str]) -> String {
    let output = diff(case, documents);
    let said =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn changes(case: &Path, documents: &[&str]) -> Vec<Value> {
    let output = diff(case, &[documents, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn diff(case: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .current_dir(case)
        .args(["diff", "--color", "never"])
        .args(arguments)
        .output()
        .unwrap()
}
