//! No document panics, however it was mangled, and each gives the same bytes wherever it is read: documents of this project with pieces cut out, doubled and exchanged.
//!
//! `PROPTEST_CASES=100000 cargo test --release documents` looks longer.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::Config;
use wsgen::diagnostic::{Diagnostics, render_human, render_json, render_sarif};
use wsgen::document::Sources;
use wsgen::project::new_files;
use wsgen::{ChannelLayout, Options, Perspective};

use crate::support::{files_below, root, settings};

/// Documents to begin with.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folders = ["tests/ui", "tests/cases", "examples"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| {
        files_below(folder)
            .into_iter()
            .map(|file| folder.join(file))
    });
    let documents = files.filter(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    documents
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect()
});

/// Words that mean something in a document, or to those who read it.
const WORDS: &[&str] = &[
    "$ref: '#'",
    "$ref: '#/channels'",
    "null",
    "{}",
    "[]",
    "''",
    "-1",
    "1e999",
    "0.1",
    "true",
    "&a",
    "*a",
    "<<: *a",
    "oneOf",
    "allOf",
    "items",
    "properties",
    "payload",
    "type",
    "object",
    "string",
    "integer",
    "const",
    "enum",
    "discriminator",
    "{",
    "}",
    "{x}",
    "?",
    "\u{202e}",
    "\u{0}",
    "\t",
    "'",
    "\"",
    ":",
    "-",
    "|",
    "#",
    "é",
    "🦀",
    "ws",
    "publish",
    "reply",
    "messages",
    "address",
    "pattern",
    "'^(a'",
    "required",
];

/// One change of a text: where, in thousandths of it, and what.
#[derive(Clone, Debug)]
enum Change {
    RemoveLine(usize),
    RepeatLine(usize, usize),
    IndentLine(usize, usize),
    Replace(usize, usize),
    Cut(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let place = || 0..1000_usize;
    prop_oneof![
        place().prop_map(Change::RemoveLine),
        (place(), place()).prop_map(|(from, to)| Change::RepeatLine(from, to)),
        (place(), 0..6_usize).prop_map(|(line, spaces)| Change::IndentLine(line, spaces)),
        (place(), 0..WORDS.len()).prop_map(|(place, word)| Change::Replace(place, word)),
        (900..1000_usize).prop_map(Change::Cut),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for change in changes.iter().filter(|_| !text.is_empty()) {
        let count = lines.len();
        let at = |place: usize| place * count / 1000;
        match *change {
            _ if count == 0 => {}
            Change::RemoveLine(line) => drop(lines.remove(at(line))),
            Change::RepeatLine(from, to) => lines.insert(at(to), lines[at(from)].clone()),
            Change::IndentLine(line, spaces) => {
                let line = &mut lines[at(line)];
                *line = format!("{}{}", " ".repeat(spaces), line.trim_start());
            }
            Change::Replace(place, word) => {
                let line = &mut lines[at(place)];
                let words: Vec<&str> = line.split(' ').collect();
                let chosen = words[place % words.len()].to_owned();
                *line = line.replacen(&chosen, WORDS[word], 1);
            }
            Change::Cut(place) => lines.truncate(at(place)),
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn no_document_panics(seed in 0..1000_usize, changes in prop::collection::vec(change(), 1..6), client: bool) {
        let text = changed(&SEEDS[seed % SEEDS.len()], &changes);
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("asyncapi.yaml", text, &mut diagnostics);
        let options = Options {
            perspective: if client { Perspective::Client } else { Perspective::Server },
            channels: if seed % 3 == 0 { ChannelLayout::Multiplex } else { ChannelLayout::Auto },
            ..Options::default()
        };
        match wsgen::generate(&sources, &options, "asyncapi.yaml") {
            Ok(output) => diagnostics.merge(output.diagnostics),
            Err(errors) => diagnostics.merge(errors),
        }
        for render in [render_json, render_sarif] {
            prop_assert!(!render(&diagnostics, &sources).is_empty());
        }
        render_human(&diagnostics, &sources, true);
    }
    #[test]
    fn two_threads_make_the_same_bytes(seed in 0..1000_usize, changes in prop::collection::vec(change(), 0..3)) {
        let text = changed(&SEEDS[seed % SEEDS.len()], &changes);
        let other = text.clone();
        let elsewhere = std::thread::spawn(move || everything(&other));
        prop_assert_eq!(everything(&text), elsewhere.join().unwrap());
    }
}

/// All that becomes of a document: each file with its path, and what is said of it.
fn everything(text: &str) -> Vec<(String, String)> {
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.yaml", text, &mut diagnostics);
    let mut files = Vec::new();
    match wsgen::generate(&sources, &Options::default(), "asyncapi.yaml") {
        Ok(output) => {
            let project = settings("demo");
            files =
                new_files(output.files, &output.service, &project, &Options::default()).unwrap();
            diagnostics.merge(output.diagnostics);
        }
        Err(errors) => diagnostics.merge(errors),
    }
    let said = render_human(&diagnostics, &sources, false);
    let files = files.into_iter().map(|file| {
        let contents = String::from_utf8(file.contents).unwrap();
        (file.path, contents)
    });
    files.chain([("findings".to_owned(), said)]).collect()
}
