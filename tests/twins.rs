//! No text of a document becomes anything but text: each file is that of a document with harmless words in its place.

use std::fs;

use proptest::prelude::*;
use pulldown_cmark::{Event, Parser, Tag};
use wsgen::naming::is_invisible;

use crate::support::command::wsgen;
use crate::support::twin::{BENIGN, document, files, shape};
use crate::support::{cargo, files_below, fresh_workspace, project, settings, write_files};

/// Texts that mean something to one of the languages that wsgen writes.
const HOSTILE: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "\"#",
    "\"##; panic!(); //",
    "*/ panic!(); /*",
    "\n",
    "\r",
    "\r\n//! x\r\npanic!();",
    "\0",
    "\u{7f}\u{85}\u{1b}[2J",
    "\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}",
    "\u{e0001}\u{fe00}\u{3164}\u{2028}",
    "\u{fdd0}\u{10ffff}\u{fffd}",
    "{}{0}{{",
    "{$ x $}{% x %}",
    "$(touch pwned)`touch pwned`",
    "'; touch pwned; '",
    "${{ github.token }}",
    "]\n[listen]\naddress = \"x\"",
    "\"\"\"",
    "'''",
    "]]]",
    "- x: &a *a !!x",
    "#[path = \"/etc/passwd\"] mod x;",
    "]#![feature(x)]",
    "```\npanic!();\n```",
    "```",
    "~~~",
    "    panic!();",
    "# x",
    "- x",
    "1. x",
    "> x",
    "| x |",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "[x](javascript:alert(1))",
    "![x](x)",
    "[x]: x",
    "<javascript:x>",
    "&lt;",
    "***x***",
    "__x__",
    "~~x~~",
    "../../etc/passwd",
    "C:\\CON",
    "r#type",
    "r\"x\"",
    "b'x'",
    "'a",
    "//",
    "/*",
    "#",
    "%",
    "@",
    "!",
    "=",
    ",",
    ";",
    ":",
    "\t",
    "ß é 字 💥 \u{301}",
    "_",
    "self",
    "0",
    "-0",
    "1e400",
    "true",
    "null",
];

#[test]
fn a_hostile_text_is_text_in_every_file() {
    for build_script in [false, true] {
        for text in HOSTILE {
            check(text, build_script);
        }
    }
}

/// A document that says all of it, and code that leaves a file where it is run.
pub fn hostile() -> serde_json::Value {
    let run = "std::fs::write(\"pwned\", \"\").unwrap();";
    let code = format!("\n\n-     {run}\n\n> ```\n> {run}\n> ```\n\n1. - ~~~rust\n     {run}\n");
    document(&format!("{}{code}", HOSTILE.concat()))
}

#[test]
fn the_tests_of_a_hostile_document_pass_and_run_nothing_of_it() {
    if std::env::var_os("WSGEN_SLOW_TESTS").is_none() {
        eprintln!("skipped: set WSGEN_SLOW_TESTS=1 to run it");
        return;
    }
    let workspace = fresh_workspace("hostile");
    let path = workspace.join("hostile.json");
    fs::write(&path, hostile().to_string()).unwrap();
    let (_, files) = project(&path, &settings("hostile"));
    write_files(&workspace.join("projects/hostile"), files);
    cargo(&workspace, &["test", "--quiet"]);
    let left = files_below(&workspace);
    assert!(!left.iter().any(|path| path.ends_with("pwned")));
}

#[test]
fn what_is_printed_of_a_hostile_document_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), document(text).to_string()).unwrap();
    };
    write("old.json", BENIGN);
    let all = HOSTILE.concat();
    for text in [
        &*all,
        "`<img src=x>",
        "<img src=x>`",
        "``<img src=x>`",
        "a` ``` <img src=x>",
        "` [x](y) ",
    ] {
        write("new.json", text);
        for arguments in [
            &["diff", "old.json", "new.json", "--format", "markdown"][..],
            &["diff", "new.json", "old.json", "--format", "markdown"],
            &["diff", "old.json", "new.json"],
            &["inspect", "new.json"],
            &["inspect", "new.json", "--format", "mermaid"],
        ] {
            let said = wsgen(folder.path(), arguments, "").stdout;
            assert!(said.lines().count() > 3, "{arguments:?}: {said}");
            let unseen = said.find(|c| c != '\n' && is_invisible(c));
            assert_eq!(unseen, None, "{arguments:?}: {said:?}");
            let markup = Parser::new(&said).find(is_markup);
            let is_page = arguments.contains(&"markdown");
            assert!(!is_page || markup.is_none(), "{text:?}: {markup:?}\n{said}");
        }
    }
}

/// Whether there is more in a page than headings, lists, words and code spans.
fn is_markup(event: &Event<'_>) -> bool {
    match event {
        Event::Start(tag) => !matches!(
            tag,
            Tag::Heading { .. } | Tag::List(_) | Tag::Item | Tag::Paragraph
        ),
        Event::Html(_) | Event::InlineHtml(_) => true,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_of_hostile_pieces_is_text(pieces in prop::collection::vec(prop::sample::select(HOSTILE), 1..6)) {
        check(&pieces.concat(), false);
    }
}

fn check(text: &str, build_script: bool) {
    let expected = files(&document(BENIGN), build_script).unwrap();
    let found = files(&document(text), build_script)
        .unwrap_or_else(|findings| panic!("{text:?} is refused\n{findings}"));
    assert_eq!(found.len(), expected.len(), "{text:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(is_path(&found.path), "{text:?}: {}", found.path);
        let [wanted, shape] = [expected, found].map(|file| {
            shape(file).unwrap_or_else(|fault| {
                let contents = String::from_utf8_lossy(&file.contents);
                panic!("{text:?} in {}: {fault}\n{contents}", file.path)
            })
        });
        let differs = shape
            .lines()
            .zip(wanted.lines())
            .find(|(one, other)| one != other);
        assert!(shape == wanted, "{text:?} in {}: {differs:#?}", found.path);
    }
}

/// Whether a path leads where it seems to, on any system: names of Rust's modules, of files and their extensions.
fn is_path(path: &str) -> bool {
    let is_plain = |c: char| unicode_ident::is_xid_continue(c) || "._-".contains(c);
    path.split('/')
        .all(|name| !name.contains("..") && !name.is_empty() && name.chars().all(is_plain))
}
