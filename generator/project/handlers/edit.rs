//! Insertions into the user's files: where syn says that they belong, and no other byte changes.

use syn::spanned::Spanned;

use super::implementations::parse;

/// Something to insert.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Members, indented for an `impl` of a module, before its closing brace at this offset.
    Members(usize, String),
    /// An implementation, behind the one whose closing brace is at this offset.
    Implementation(usize, String),
    /// The declaration of a module, unless it is there.
    Module(String),
}

/// The text with all insertions; `None` where modules are to be declared and it is no Rust.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edited = text.to_owned();
    let mut insertions: Vec<(usize, bool, &str)> = Vec::new();
    for edit in edits {
        match edit {
            Edit::Members(end, code) => insertions.push((*end, false, code)),
            Edit::Implementation(end, code) => insertions.push((*end, true, code)),
            Edit::Module(_) => {}
        }
    }
    // From the end, so that the offsets before stay right.
    insertions.sort_unstable_by_key(|&(end, is_behind, _)| std::cmp::Reverse((end, is_behind)));
    for (end, is_behind, code) in insertions {
        match is_behind {
            true => insert_behind(&mut edited, end, code),
            false => insert_members(&mut edited, end, code),
        }
    }
    for edit in edits {
        if let Edit::Module(module) = edit {
            insert_module(&mut edited, module)?;
        }
    }
    Some(edited)
}

fn insert_members(text: &mut String, end: usize, code: &str) {
    let newline = newline(text);
    let line = text[..end].rfind('\n').map_or(0, |before| before + 1);
    let indent = &text[line..end];
    let alone = indent.chars().all(char::is_whitespace);
    let indent = if alone { indent } else { "" };
    let mut inserted = String::new();
    let empty = text[..end].trim_end().ends_with('{');
    match (alone, empty) {
        (true, true) => {}
        (true, false) => inserted.push_str(newline),
        (false, _) => inserted.push_str(newline),
    }
    for line in code.lines() {
        if !line.is_empty() {
            inserted.push_str(indent);
            inserted.push_str(line);
        }
        inserted.push_str(newline);
    }
    text.insert_str(if alone { line } else { end }, &inserted);
}

/// Inserts an item behind the one that ends with the brace at `end`, indented as that is.
fn insert_behind(text: &mut String, end: usize, code: &str) {
    let newline = newline(text);
    let line = text[..end].rfind('\n').map_or(0, |before| before + 1);
    let indent = &text[line..end];
    let indent = match indent.chars().all(char::is_whitespace) {
        true => indent.to_owned(),
        false => String::new(),
    };
    let mut inserted = newline.to_owned();
    for line in code.lines() {
        inserted.push_str(newline);
        if !line.is_empty() {
            inserted.push_str(&indent);
            inserted.push_str(line);
        }
    }
    // Behind the brace.
    text.insert_str(end + 1, &inserted);
}

/// Declares a module in the alphabetical place among those that are declared, or before everything else.
fn insert_module(text: &mut String, module: &str) -> Option<()> {
    let (skipped, file) = parse(text)?;
    let newline = newline(text);
    let mut before = None;
    let mut after = None;
    for item in &file.items {
        let syn::Item::Mod(declared) = item else {
            continue;
        };
        if declared.content.is_some() {
            continue;
        }
        let name = declared.ident.to_string();
        let range = declared.span().byte_range();
        match name.as_str().cmp(module) {
            std::cmp::Ordering::Equal => return Some(()),
            std::cmp::Ordering::Less => after = Some(range.end + skipped),
            std::cmp::Ordering::Greater => {
                before.get_or_insert(range.start + skipped);
            }
        }
    }
    let first = file
        .items
        .first()
        .map(|item| item.span().byte_range().start + skipped);
    let line = format!("mod {module};");
    if let Some(after) = after {
        // Behind the line, and what is said at its end.
        let rest = &text[after..];
        let end = rest.find('\n').unwrap_or(rest.len());
        let end = after + rest[..end].trim_end_matches('\r').len();
        text.insert_str(end, &format!("{newline}{line}"));
    } else if let Some(before) = before {
        text.insert_str(before, &format!("{line}{newline}"));
    } else if let Some(first) = first {
        text.insert_str(first, &format!("{line}{newline}{newline}"));
    } else {
        let gap = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            newline
        };
        text.push_str(&format!("{gap}{line}{newline}"));
    }
    Some(())
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str, module: &str) -> String {
        apply(text, &[Edit::Module(module.to_owned())]).unwrap()
    }

    #[test]
    fn modules_are_declared_where_they_belong() {
        for (text, expected) in [
            ("", "mod b;\n"),
            ("//! Docs.\n", "//! Docs.\nmod b;\n"),
            ("mod a; // one\nmod c;\n", "mod a; // one\nmod b;\nmod c;\n"),
            ("//! Ä.\n\nmod c;\n", "//! Ä.\n\nmod b;\nmod c;\n"),
            (
                "/// C.\n#[cfg(x)]\nmod c;\n",
                "mod b;\n/// C.\n#[cfg(x)]\nmod c;\n",
            ),
            (
                "mod a;\r\n\r\nuse x;\r\n",
                "mod a;\r\nmod b;\r\n\r\nuse x;\r\n",
            ),
            ("mod a;", "mod a;\nmod b;"),
            ("//! Docs.\n\nuse x;\n", "//! Docs.\n\nmod b;\n\nuse x;\n"),
            ("pub mod b;\n", "pub mod b;\n"),
            (
                "\u{feff}mod a;\nfn f() {}\n",
                "\u{feff}mod a;\nmod b;\nfn f() {}\n",
            ),
        ] {
            assert_eq!(declared(text, "b"), expected, "{text:?}");
        }
        assert_eq!(apply("mod {", &[Edit::Module("b".to_owned())]), None);
    }

    fn with_member(text: &str) -> String {
        let end = super::super::implementations::scan(text).unwrap()[0].end;
        apply(
            text,
            &[Edit::Members(end, "    fn b() {\n    }\n".to_owned())],
        )
        .unwrap()
    }

    #[test]
    fn members_go_to_the_end_of_the_block() {
        for (text, expected) in [
            (
                "impl T for H {\n    fn a() {}\n}\n",
                "impl T for H {\n    fn a() {}\n\n    fn b() {\n    }\n}\n",
            ),
            (
                "impl T for H {}\n",
                "impl T for H {\n    fn b() {\n    }\n}\n",
            ),
            (
                "impl T for H {\n}\n",
                "impl T for H {\n    fn b() {\n    }\n}\n",
            ),
            (
                "impl T for H { fn a() {} }\n",
                "impl T for H { fn a() {} \n    fn b() {\n    }\n}\n",
            ),
            (
                "impl T for H {\r\n    fn ä() {}\r\n}\r\n",
                "impl T for H {\r\n    fn ä() {}\r\n\r\n    fn b() {\r\n    }\r\n}\r\n",
            ),
            (
                "mod m {\n    impl T for H {\n        // last\n    }\n}\n",
                "mod m {\n    impl T for H {\n        // last\n\n        fn b() {\n        }\n    }\n}\n",
            ),
        ] {
            assert_eq!(with_member(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_implementation_goes_behind_another() {
        let code = "impl U for H {\n    fn b() {}\n}\n".to_owned();
        for (text, expected) in [
            (
                "impl T for H {\n}\nfn rest() {}\n",
                "impl T for H {\n}\n\nimpl U for H {\n    fn b() {}\n}\nfn rest() {}\n",
            ),
            (
                "impl T for H {}",
                "impl T for H {}\n\nimpl U for H {\n    fn b() {}\n}",
            ),
            (
                "mod m {\r\n    impl T for H {\r\n    }\r\n}\r\n",
                "mod m {\r\n    impl T for H {\r\n    }\r\n\r\n    impl U for H {\r\n        fn b() {}\r\n    }\r\n}\r\n",
            ),
        ] {
            let end = super::super::implementations::scan(text).unwrap()[0].end;
            let edits = [Edit::Implementation(end, code.clone())];
            assert_eq!(apply(text, &edits).as_deref(), Some(expected), "{text:?}");
        }
    }
}
