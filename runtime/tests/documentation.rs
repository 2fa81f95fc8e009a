//! `docs/operations.md` says what is so.

use std::collections::BTreeMap;

use serde_json::Value;
use wsgen_runtime::Config;

use crate::support::TestServer;

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    std::fs::read_to_string(path).unwrap()
}

/// First and second cell of the rows whose first cell is code.
fn rows(section: &str) -> BTreeMap<String, String> {
    let page = page();
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
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
}
