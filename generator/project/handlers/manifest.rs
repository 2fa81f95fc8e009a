//! What a document asks of a project's manifest: features of the runtime.

use toml::{Table, Value};

use super::{Comparison, Task};
use crate::model::Service;
use crate::naming::toml_string;
use crate::project::disk::Entry;
use crate::scaffold;

const RUNTIME: &str = "wsgen-runtime";

impl Comparison<'_> {
    /// Says which features are missing in the dependency on the runtime.
    ///
    /// Where the dependency is written in another manifest, as that of a workspace, it is not looked for.
    pub(super) fn features(&mut self, service: &Service) {
        let Entry::File(manifest) = self.disk.at("Cargo.toml") else {
            return;
        };
        let Ok(manifest) = String::from_utf8_lossy(manifest).parse::<Table>() else {
            return;
        };
        let needed = scaffold::features(service);
        self.plan.tasks.extend(missing_features(&manifest, &needed));
    }
}

fn missing_features(manifest: &Table, needed: &[&str]) -> Option<Task> {
    let mut dependency = match manifest.get("dependencies")?.get(RUNTIME)? {
        Value::Table(table) if table.contains_key("workspace") => return None,
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let listed = dependency.get("features").and_then(Value::as_array);
    let mut features = listed.cloned().unwrap_or_default();
    let is_missing = |feature: &&str| {
        let mut known = features.iter().filter_map(Value::as_str);
        let own = format!("{RUNTIME}/{feature}");
        !known.any(|known| includes(known, feature)) && !enables(manifest, &own)
    };
    let missing: Vec<String> = needed
        .iter()
        .copied()
        .filter(is_missing)
        .map(str::to_owned)
        .collect();
    if missing.is_empty() {
        return None;
    }
    features.extend(missing.iter().cloned().map(Value::String));
    dependency.insert("features".to_owned(), Value::Array(features));
    Some(Task::AddFeatures {
        features: missing,
        line: format!("{RUNTIME} = {}", inline(&Value::Table(dependency))),
    })
}

/// Whether one feature of the runtime brings another with it.
fn includes(feature: &str, another: &str) -> bool {
    feature == another || (feature == "client-tls" && another == "client")
}

/// Whether a feature of the project enables this one of a dependency.
fn enables(manifest: &Table, feature: &str) -> bool {
    let features = manifest.get("features").and_then(Value::as_table);
    let enabled = features.into_iter().flat_map(Table::values);
    enabled
        .filter_map(Value::as_array)
        .flatten()
        .any(|enabled| enabled.as_str() == Some(feature))
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => toml_string(text),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            // As people write it: where it comes from, then what of it.
            let (rest, source): (Vec<_>, Vec<_>) =
                table.iter().partition(|(key, _)| *key == "features");
            let entries: Vec<String> = source
                .into_iter()
                .chain(rest)
                .map(|(key, value)| format!("{key} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(manifest: &str, needed: &[&str]) -> Option<String> {
        match missing_features(&manifest.parse().unwrap(), needed) {
            Some(Task::AddFeatures { line, .. }) => Some(line),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_line_is_the_one_that_is_there_with_what_is_missing() {
        let cases = [
            (
                "wsgen-runtime = \"0.1\"",
                "wsgen-runtime = { version = \"0.1\", features = [\"cbor\"] }",
            ),
            (
                "wsgen-runtime = { features = [\"tls\"], default-features = false, path = \"a\\\\b\" }",
                "wsgen-runtime = { default-features = false, path = \"a\\\\b\", features = [\"tls\", \"cbor\"] }",
            ),
            (
                "[dependencies.wsgen-runtime]\npath = \"r\"",
                "wsgen-runtime = { path = \"r\", features = [\"cbor\"] }",
            ),
        ];
        for (dependency, expected) in cases {
            let manifest = format!("[dependencies]\n{dependency}\n");
            let said = line(&manifest, &["cbor"]).unwrap();
            assert_eq!(said, expected);
            let corrected = format!("[dependencies]\n{said}\n");
            assert_eq!(line(&corrected, &["cbor"]), None, "{said}");
            assert_eq!(line(&manifest, &[]), None);
        }
    }

    #[test]
    fn what_is_said_elsewhere_is_not_missing() {
        for manifest in [
            "[dependencies]\nwsgen-runtime.workspace = true",
            "[dependencies]\nwsgen-runtime = \"0.1\"\n[features]\ndefault = [\"wsgen-runtime/cbor\"]",
            "[target.'cfg(unix)'.dependencies]\nwsgen-runtime = \"0.1\"",
        ] {
            assert_eq!(line(manifest, &["cbor"]), None, "{manifest}");
        }
        let with_more =
            "dependencies.wsgen-runtime = { version = \"0.1\", features = [\"client-tls\"] }";
        assert_eq!(line(with_more, &["client"]), None);
    }
}
