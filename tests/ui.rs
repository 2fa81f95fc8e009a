//! What each finding looks like: `ui/<code>.yaml` is a document, `ui/<code>.stderr` what `wsgen check` says of it.
//!
//! A first line such as `# --server main` in the document gives further arguments.
//! `WSGEN_UPDATE=1 cargo test ui` writes what is said now.

use std::path::PathBuf;
use std::process::Command;

use wsgen::diagnostic::Code;

use crate::support::root;

/// Codes that no document can cause.
const WITHOUT_CASE: &[Code] = &[Code::Internal];

#[test]
fn every_code_has_its_case_and_says_what_it_said() {
    let update = std::env::var_os("WSGEN_UPDATE").is_some();
    let mut faults = Vec::new();
    for code in Code::ALL.iter().filter(|code| !WITHOUT_CASE.contains(code)) {
        let expected = folder().join(format!("{code}.stderr"));
        let said = check(*code);
        if !said.contains(&format!("[{code}]")) {
            faults.push(format!("ui/{code}.yaml does not cause `{code}`:\n{said}"));
        }
        if update {
            std::fs::write(&expected, said).unwrap();
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != said {
            faults.push(format!("ui/{code}.stderr is not what is said now:\n{said}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_belongs_to_a_code() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        assert!(stem.parse::<Code>().is_ok(), "{}", path.display());
    }
}

/// What `wsgen check` says of the case of a code.
fn check(code: Code) -> String {
    let file = format!("{code}.yaml");
    let text = std::fs::read(folder().join(&file)).unwrap_or_default();
    let first = String::from_utf8_lossy(&text)
        .lines()
        .next()
        .map(str::to_owned);
    let arguments = first.as_deref().and_then(|line| line.strip_prefix("# --"));
    let arguments = arguments
        .map(|line| format!("--{line}"))
        .unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .current_dir(folder())
        .args(["check", "--color", "never", &file])
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty(), "findings are for people here");
    String::from_utf8(output.stderr).unwrap()
}

fn folder() -> PathBuf {
    root().join("tests/ui")
}
