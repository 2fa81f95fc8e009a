//! Nothing in a description is ever run: rustdoc itself is asked, over every nesting of Markdown that comes to mind and
//! many that do not.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use next_markdown::{CodeBlockKind, Event, Options, Parser, Tag};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use wsgen::diagnostic::{Diagnostics, render_human};
use wsgen::document::Sources;
use wsgen::markdown::inert;

use crate::support::twin;

#[test]
fn rustdoc_finds_no_test_in_any_description() {
    let descriptions: Vec<String> = enumerated()
        .into_iter()
        .chain(random(4000))
        .filter(|text| !text.trim().is_empty())
        .collect();
    let raw = descriptions
        .iter()
        .map(|text| format!("#[doc = {text:?}]\n"));
    let folder = tempfile::tempdir().unwrap();
    let found = tests_of(&folder.path().join("raw.rs"), raw);
    assert!(
        found.len() > descriptions.len() / 4,
        "the judge sees what it is to find: {}",
        found.len()
    );
    let mut written = doc_comments(&generated(&descriptions));
    assert!(
        written.len() >= descriptions.len(),
        "every description is there: {}",
        written.len()
    );
    written.extend(everywhere());
    let found = tests_of(&folder.path().join("written.rs"), written.iter().cloned());
    let first = found.first().map(|name| shown(name, &written));
    assert!(
        found.is_empty(),
        "{} of {}, first\n{}",
        found.len(),
        written.len(),
        first.unwrap_or_default()
    );
}

/// The comments of all files, those that are the user's among them, where every text of a document is such a shape.
fn everywhere() -> Vec<String> {
    let shapes = BLOCKS.iter().flat_map(|block| {
        let containers = [("", ""), ("- ", "  "), ("> ", "> ")];
        containers.map(|container| nested(&[container], block))
    });
    let documents = shapes.map(|text| twin::document(&text));
    let files = documents.flat_map(|document| twin::files(&document, false).unwrap());
    let code = files.filter(|file| file.path.ends_with(".rs"));
    code.flat_map(|file| doc_comments(&String::from_utf8(file.contents).unwrap()))
        .collect()
}

#[test]
fn a_build_script_writes_the_same_comments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asyncapi.json");
    let document = twin::document(&nested(&[("- ", "  "), ("> ", "> ")], BLOCKS[0]));
    fs::write(&path, document.to_string()).unwrap();
    let builder = wsgen::Builder::new().out_dir(folder.path()).client(true);
    builder.generate(&path).unwrap();
    let bundle = fs::read_to_string(folder.path().join("asyncapi.rs")).unwrap();
    let files = twin::files(&document, false).unwrap();
    let code = files
        .into_iter()
        .map(|file| String::from_utf8(file.contents).unwrap());
    let expected: HashSet<String> = code.flat_map(|code| doc_comments(&code)).collect();
    let comments = doc_comments(&bundle);
    assert!(comments.len() > 20, "{}", comments.len());
    for comment in comments {
        assert!(expected.contains(&comment), "{comment}");
    }
}

/// A later rustdoc may have a later parser.
#[test]
fn the_next_parser_finds_no_test_in_any_description() {
    let descriptions = enumerated().into_iter().chain(random(20_000));
    let found: Vec<String> = descriptions
        .map(|text| inert([&*text]))
        .filter(|text| Parser::new_ext(text, OPTIONS).any(|event| runs(&event)))
        .collect();
    assert!(found.is_empty(), "{}, first\n{}", found.len(), found[0]);
}

/// What rustdoc asks of its parser.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_SMART_PUNCTUATION);

fn runs(event: &Event<'_>) -> bool {
    match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => &**language != "text",
        Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => true,
        Event::Html(_) | Event::InlineHtml(_) => true,
        _ => false,
    }
}

/// The tests that rustdoc finds in items with these doc comments.
fn tests_of(file: &Path, comments: impl Iterator<Item = String>) -> Vec<String> {
    let items = comments
        .enumerate()
        .map(|(index, comment)| format!("{comment}pub struct Item{index};\n"));
    fs::write(file, items.collect::<String>()).unwrap();
    let rustdoc = Command::new("rustdoc")
        .args(["--test", "--edition", "2024", "--test-args", "--list"])
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&rustdoc.stdout).into_owned();
    assert!(
        rustdoc.status.success() && said.contains(" benchmarks"),
        "{said}{}",
        String::from_utf8_lossy(&rustdoc.stderr)
    );
    let tests = said.lines().filter(|line| line.ends_with(": test"));
    tests.map(str::to_owned).collect()
}

/// The comment that a test was found in: `written.rs - Item7 (line 31): test`.
fn shown(test: &str, comments: &[String]) -> String {
    let index = test
        .split("Item")
        .nth(1)
        .and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    index.map_or_else(|| test.to_owned(), |index| comments[index].clone())
}

/// What the payloads of a document with these descriptions are written as.
fn generated(descriptions: &[String]) -> String {
    let properties: Map<String, Value> = descriptions
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let property = json!({"type": "string", "description": text});
            (format!("p{index}"), property)
        })
        .collect();
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Shapes", "version": "1.0.0"},
        "servers": {"main": {"host": "localhost", "protocol": "ws"}},
        "channels": {"shapes": {"address": "/shapes", "messages": {
            "shape": {"payload": {"type": "object", "properties": properties}},
        }}},
        "operations": {"take": {"action": "receive", "channel": {"$ref": "#/channels/shapes"}}},
    });
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("asyncapi.json", document.to_string(), &mut diagnostics);
    let output = wsgen::generate(&sources, &wsgen::Options::default(), "asyncapi.json")
        .unwrap_or_else(|errors| panic!("{}", render_human(&errors, &sources, false)));
    let mut files = output.files.into_iter();
    let messages = files.find(|file| file.path == "src/generated/messages.rs");
    String::from_utf8(messages.unwrap().contents).unwrap()
}

/// The doc comments of a file, as comments of items.
fn doc_comments(code: &str) -> Vec<String> {
    let mut comments = Vec::new();
    let mut comment = String::new();
    for line in code.lines().map(str::trim_start) {
        if let Some(text) = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
        {
            comment.push_str("///");
            comment.push_str(text);
            comment.push('\n');
        } else if !comment.is_empty() && !line.starts_with('#') {
            comments.push(std::mem::take(&mut comment));
        }
    }
    comments
}

/// What begins a block inside another, and how its next lines go on.
const CONTAINERS: &[(&str, &str)] = &[
    ("", ""),
    ("> ", "> "),
    (">", ">"),
    ("- ", "  "),
    ("-   ", "    "),
    ("-\t", "\t"),
    ("1. ", "   "),
    ("10) ", "    "),
    ("* [ ] ", "  "),
    ("[^a]: ", "    "),
    ("words\n\n", ""),
    ("words\n", ""),
    ("# Heading\n", ""),
    ("<!-- remark -->\n", ""),
    ("<!--\n\n", ""),
    ("<div>\n\n", ""),
    ("</pre>\n", ""),
    ("| a |\n|---|\n| b |\n", ""),
    ("[r]: /url\n", ""),
    ("```json\n{}\n```\n", ""),
];

/// Code, in lines.
const BLOCKS: &[&[&str]] = &[
    &["```", "panic!();", "```"],
    &["```rust", "panic!();", "", "panic!();", "```"],
    &["````should_panic", "```", "panic!();", "````"],
    &["~~~", "panic!();", "~~~"],
    &["~~~ edition2021", "```text", "panic!();"],
    &["``` {.text} rust", "panic!();"],
    &["    panic!();", "", "        panic!();", "    ```"],
    &["     panic!();"],
    &["\tpanic!();", "\tpanic!();"],
    &["  \tpanic!();", "not"],
    &["-->", "", "    panic!();"],
];

/// Each block in each container in each container.
fn enumerated() -> Vec<String> {
    let mut descriptions = Vec::new();
    for outer in CONTAINERS {
        for inner in CONTAINERS {
            for block in BLOCKS {
                descriptions.push(nested(&[*outer, *inner], block));
            }
        }
    }
    descriptions
}

fn nested(containers: &[(&str, &str)], block: &[&str]) -> String {
    let mut lines: Vec<String> = block.iter().map(|&line| line.to_owned()).collect();
    for (first, next) in containers.iter().rev() {
        for (index, line) in lines.iter_mut().enumerate() {
            let begin = if index == 0 { first } else { next };
            line.insert_str(0, begin);
        }
    }
    // What is before the first line is trimmed away.
    format!("Shape:\n\n{}\n", lines.join("\n"))
}

/// Pieces of Markdown in any order, the same in every run.
fn random(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let texts = prop::collection::vec(prop::sample::select(PIECES), 1..24);
    (0..count)
        .map(|_| texts.new_tree(&mut runner).unwrap().current().concat())
        .collect()
}

const PIECES: &[&str] = &[
    "\n",
    "\n",
    "\n\n",
    " ",
    "  ",
    "    ",
    "\t",
    "> ",
    ">",
    "- ",
    "* ",
    "1. ",
    "2) ",
    "```",
    "~~~",
    "````",
    "`",
    "rust",
    "text",
    "panic!();",
    "panic!();",
    "<!--",
    "-->",
    "<pre>",
    "</pre>",
    "<script>",
    "<a\n",
    "[^a]: ",
    "[^a]",
    "[r]: /u",
    "|",
    "|---|",
    "---",
    "===",
    "#",
    "\\",
    "\r\n",
    "\r",
    "\u{202e}",
    "\u{a0}",
    "é",
    "{",
    "&#96;",
    "- [x] ",
    "_",
    "**",
];
