//! Texts and their values.

use super::refused;
use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Kind, Node, OldValue, Sources};

#[test]
fn every_value_knows_its_place() {
    let text = "a: &x [1, 'é', on]\nbéta:\n- {c: *x}\n- d:\n    e~/f: |\n      long\n      text\n";
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("a.yaml", text, &mut diagnostics);
    let root = sources.root().unwrap();
    assert!(diagnostics.is_empty());

    let written = |node: Node<'_>| &text[node.location().span];
    let items = root.get("a").unwrap();
    assert_eq!(
        items.items().map(written).collect::<Vec<_>>(),
        ["1", "'é'", "on"]
    );
    assert_eq!(items.item(2).unwrap().kind(), Kind::String("on"));
    let second = root.get("béta").unwrap().item(1).unwrap();
    let deep = second.get("d").unwrap().get("e~/f").unwrap();
    assert_eq!(deep.as_str(), Some("long\ntext\n"));
    assert_eq!(deep.pointer(), "/béta/1/d/e~0~1f");
    assert_eq!(&text[deep.key_location().span], "e~/f");
    assert_eq!(second.pointer(), "/béta/1");
    let aliased = root.get("béta").unwrap().item(0).unwrap().get("c").unwrap();
    assert_eq!((aliased.id(), aliased.key()), (items.id(), Some("c")));
}

#[test]
fn json_is_measured_like_yaml() {
    let text = "{\"a\": [1, \"\\u00e9\\ud83d\\ude00\", null],\n \"b\\/\": {\"c\": -1.5e3}}";
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("a.json", text, &mut diagnostics);
    let root = sources.root().unwrap();
    assert_eq!(
        root.to_json(),
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
    let number = root.get("b/").unwrap().get("c").unwrap();
    assert_eq!(
        (number.pointer().as_str(), number.as_f64()),
        ("/b~1/c", Some(-1500.0))
    );
    assert_eq!(
        sources
            .root()
            .unwrap()
            .file()
            .position(number.location().span.start),
        (2, 15)
    );
}

#[test]
fn merges_keep_what_is_there() {
    let text =
        "base: &base {a: 1, b: 1}\nother: &other {b: 2, c: 2}\none: {<<: [*base, *other], a: 0}\n";
    let mut diagnostics = Diagnostics::new();
    let sources = Sources::from_text("a.yaml", text, &mut diagnostics);
    let merged = sources.root().unwrap().get("one").unwrap().to_json();
    assert!(diagnostics.is_empty());
    assert_eq!(merged, serde_json::json!({"a": 0, "b": 1, "c": 2}));
}

#[test]
fn each_kind_of_bad_text_has_its_word() {
    let head = "asyncapi: 3.0.0\n";
    let bomb: String = (1..9)
        .map(|i| format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(9)))
        .collect();
    let cases: [(&str, Vec<u8>, Code, usize, usize); 12] = [
        ("a.yaml", b"".to_vec(), Code::NotAsyncApi, 1, 1),
        ("a.yaml", b"# nothing\r\n".to_vec(), Code::NotAsyncApi, 1, 1),
        (
            "a.yaml",
            b"|\n  asyncapi: 3.0.0\n".to_vec(),
            Code::NotAsyncApi,
            2,
            3,
        ),
        (
            "a.yaml",
            b"info: {}\nopenapi: 3.0.0\n".to_vec(),
            Code::NotAsyncApi,
            2,
            1,
        ),
        (
            "a.yaml",
            b"asyncapi: 1.2.0\n".to_vec(),
            Code::UnknownVersion,
            1,
            11,
        ),
        (
            "a.yaml",
            b"\xef\xbb\xbfa: caf\xe9".to_vec(),
            Code::NotUtf8,
            1,
            7,
        ),
        ("a.yaml", b"a: b\0".to_vec(), Code::NotUtf8, 1, 5),
        (
            "a.yaml",
            format!("{head}x:\n\ty: 1\n").into(),
            Code::Syntax,
            3,
            1,
        ),
        (
            "a.yaml",
            format!("{head}---\n{head}").into(),
            Code::MultipleDocuments,
            3,
            1,
        ),
        (
            "a.yaml",
            format!("{head}x: {}", "[".repeat(100_000)).into(),
            Code::TooDeep,
            2,
            259,
        ),
        (
            "a.json",
            format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into(),
            Code::TooDeep,
            1,
            129,
        ),
        (
            "a.yaml",
            format!("a0: &a0 [{}]\n{bomb}", "x,".repeat(9)).into(),
            Code::TooLarge,
            7,
            5,
        ),
    ];
    for (name, text, code, line, column) in cases {
        let start = String::from_utf8_lossy(&text[..text.len().min(40)]).into_owned();
        let (found, at_line, at_column, _) = refused(name, text);
        assert_eq!(
            (found, at_line, at_column),
            (code, line, column),
            "{start:?}"
        );
    }
}

#[test]
fn a_trailing_comma_is_called_one() {
    let mut diagnostics = Diagnostics::new();
    Sources::from_text("a.json", "{\"a\": [1,\n]}", &mut diagnostics);
    let finding = diagnostics.iter().next().unwrap();
    assert_eq!(finding.message, "not JSON: a comma behind the last item");
}

#[test]
fn booleans_and_numbers_of_yaml_1_1_are_known_unless_quoted() {
    let cases = [
        ("yes", Some("`true`")),
        ("Off", Some("`false`")),
        ("n", Some("`false`")),
        ("12:30", Some("`750`")),
        ("-1:0:5", Some("`-3605`")),
        ("'yes'", None),
        ("\"12:30\"", None),
        ("yEs", None),
        ("12:60", None),
        ("08:30", None),
        ("1:", None),
        ("12:x", None),
        ("999999999999999999:59:59", None),
        ("true", None),
        ("12", None),
    ];
    for (written, meant) in cases {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("a.yaml", format!("a: [{written}]"), &mut diagnostics);
        let value = sources.root().and_then(|root| root.get("a")?.item(0));
        let said = value.and_then(OldValue::of).map(|old| old.to_string());
        let expected = meant.map(|meant| format!("`{written}` is text in YAML 1.2: write {meant}"));
        assert_eq!(said, expected, "{written}");
    }
}
