//! `docs/operations.md` says what is so, and the tests that other pages name are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wsgen_runtime::Config;

use crate::support::TestServer;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    std::fs::read_to_string(path).unwrap()
}

/// First and second cell of the rows, below a section's heading, whose first cell is code.
fn rows(section: &str) -> BTreeMap<String, String> {
    table(&format!("\n## {section}\n"))
}

/// The same up to the next heading of any level.
fn table(heading: &str) -> BTreeMap<String, String> {
    let page = page();
    let (_, rest) = page.split_once(heading).unwrap();
    let section = rest.split("\n##").next().unwrap();
    let cells = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let key = cells.next()?.trim_matches('`');
        Some((key.to_owned(), cells.next()?.trim_matches('`').to_owned()))
    });
    cells.collect()
}

#[test]
fn every_key_is_there_with_its_default() {
    let Value::Object(sections) = serde_json::to_value(Config::default()).unwrap() else {
        unreachable!()
    };
    let mut expected = BTreeMap::new();
    for (section, keys) in sections {
        for (key, value) in keys.as_object().unwrap() {
            let text = match value {
                Value::String(text) if text.is_empty() => "\"\"".to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            expected.insert(format!("{section}.{key}"), text);
        }
    }
    let descriptors = expected.get_mut("limits.max_connections").unwrap();
    *descriptors = "90 % of the descriptors".to_owned();
    assert_eq!(rows("Settings"), expected);
}

/// The server's modules without their tests, one after another.
fn code(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &code(&path);
        } else if !path.ends_with("close.rs") {
            let module = std::fs::read_to_string(&path).unwrap();
            text += module.split("#[cfg(test)]").next().unwrap();
        }
    }
    text
}

/// The folder of a crate of the runtime.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The code of the crates that a server is made of.
fn server_code() -> String {
    let crates = ["src", "authentication/src", "protocol/src", "topics/src"];
    crates.map(|name| code(&folder(name))).concat()
}

#[test]
fn every_reason_of_refusal_is_there() {
    let code = server_code();
    let mut found = BTreeSet::new();
    for call in [".because(", "no_room(", ".refused("] {
        for rest in code.split(call).skip(1) {
            // Others pass on what they were given.
            if let Some(reason) = rest.trim_start().strip_prefix('"') {
                found.insert(reason.split('"').next().unwrap().to_owned());
            }
        }
    }
    let documented = table("\n### Reasons of refusal\n");
    assert_eq!(found, documented.into_keys().collect());
}

#[test]
fn every_close_code_that_is_sent_is_there() {
    let code = server_code();
    let close = std::fs::read_to_string(folder("protocol/src/close.rs")).unwrap();
    let constants = close
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub const "));
    let sent = constants.filter_map(|constant| {
        let (name, number) = constant.split_once(": u16 = ")?;
        let is_sent = code.contains(&format!("code::{name}"));
        is_sent.then(|| number.trim_end_matches(';').to_owned())
    });
    let page = page();
    let (_, rest) = page.split_once("\n## Close codes\n").unwrap();
    let documented = rest.lines().filter_map(|line| {
        let code = line.strip_prefix("| ")?.split(" | ").next()?;
        code.parse::<u16>().ok().map(|code| code.to_string())
    });
    assert_eq!(
        sent.collect::<BTreeSet<_>>(),
        documented.collect::<BTreeSet<_>>()
    );
}

#[tokio::test]
async fn every_metric_is_there_with_its_labels() {
    let server = TestServer::start().await;
    server.still_echoes().await;
    server.request("nonsense\r\n\r\n").await;
    server.is_empty().await;
    let metrics = server.admin_page("/metrics").await;
    let documented = rows("Metrics");
    let mut found = Vec::new();
    for line in metrics.lines() {
        if let Some(name) = line.strip_prefix("# TYPE ") {
            let name = name.split(' ').next().unwrap();
            let labels = documented
                .get(name)
                .unwrap_or_else(|| panic!("{name} is not documented"));
            let sample = metrics
                .lines()
                .find(|line| line.starts_with(&format!("{name}{{")));
            let written = sample.map_or("none".to_owned(), |sample| {
                let labels = sample.split_once('{').unwrap().1.split("\",");
                labels
                    .map(|label| label.split('=').next().unwrap())
                    .collect::<Vec<_>>()
                    .join(", ")
            });
            if !name.ends_with("duration_seconds") {
                assert_eq!(&written, labels, "{name}");
            }
            found.push(name.to_owned());
        }
    }
    found.sort();
    assert_eq!(found, documented.keys().cloned().collect::<Vec<_>>());
}

#[test]
fn every_row_of_the_fault_matrix_has_its_test_and_that_its_witness() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let page = std::fs::read_to_string(format!("{folder}/../../docs/fault-matrix.md")).unwrap();
    let (page, of_brokers) = page.split_once("\n## Brokers\n").unwrap();
    let mut rows = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let test = row.split('`').rev().nth(1).unwrap();
        let (module, name) = test.split_once("::").unwrap();
        let text = std::fs::read_to_string(format!("{folder}/{module}.rs")).unwrap();
        let (_, rest) = text
            .split_once(&format!("#[tokio::test]\nasync fn {name}()"))
            .unwrap_or_else(|| panic!("{test} is no test"));
        let body = rest.split("\n}\n").next().unwrap();
        assert!(
            row.contains('°') || body.contains(".unharmed().await;"),
            "{test} has no witness"
        );
        rows += 1;
    }
    assert!(rows > 40, "{rows}");
    for row in of_brokers
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
    {
        let test = row.split('`').rev().nth(1).unwrap();
        assert!(is_test(&[PathBuf::from(folder)], test), "{test} is no test");
    }
}

#[test]
fn every_row_of_the_threat_model_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "tests",
        "../tests",
        "src",
        "authentication/src",
        "config/src",
        "protocol/src",
        "topics/src",
    ];
    let folders = folders.map(folder);
    let targets = root.join("../fuzz/fuzz_targets");
    let page = std::fs::read_to_string(root.join("../docs/threat-model.md")).unwrap();
    let mut rows = 0;
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let [threat, _, shown_by] = row.trim_matches('|').split(" | ").collect::<Vec<_>>()[..]
        else {
            panic!("three cells: {row}");
        };
        if threat.trim() == "threat" {
            continue;
        }
        let tests: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "nothing shows it: {row}");
        for test in tests {
            match test.strip_prefix("fuzz::") {
                Some(target) => {
                    let file = targets.join(format!("{target}.rs"));
                    assert!(file.exists(), "{test} is no fuzz target");
                }
                None => assert!(is_test(&folders, test), "{test} is no test"),
            }
        }
        rows += 1;
    }
    assert!(rows > 60, "{rows}");
    let contributing = std::fs::read_to_string(root.join("../CONTRIBUTING.md")).unwrap();
    for target in std::fs::read_dir(targets).unwrap() {
        let file = target.unwrap().path();
        let target = file.file_stem().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("`fuzz::{target}`")), "{target}");
        assert!(contributing.contains(&format!("`{target}`")), "{target}");
    }
}

/// Whether a module of one of these folders has this test, `module::test`, by an attribute or in the list of a macro.
fn is_test(folders: &[PathBuf], test: &str) -> bool {
    let (module, name) = test.rsplit_once("::").unwrap();
    let module = module.replace("::", "/");
    let files = ["", "/mod", "/tests"].map(|file| format!("{module}{file}.rs"));
    let candidates = folders
        .iter()
        .flat_map(|folder| files.iter().map(|file| folder.join(file)));
    candidates
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .any(|text| {
            let Some((before, _)) = text.split_once(&format!("fn {name}(")) else {
                return false;
            };
            let before = before.trim_end().trim_end_matches("async").trim_end();
            let listed = [format!(" {name},"), format!(" {name});")];
            before.ends_with("test]") || listed.iter().any(|listed| text.contains(listed))
        })
}
