//! The files of a new project for containers and monitoring: they parse, and name what there is.

use std::collections::BTreeSet;

use crate::support::{load, project, root, settings};
use wsgen::diagnostic::Diagnostics;

/// The files of the scaffold of a document, by path.
fn scaffold_of(document: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asyncapi.yaml");
    std::fs::write(&path, document).unwrap();
    let mut settings = settings("demo");
    settings.minimal = false;
    let _ = load(&path, &mut Diagnostics::new());
    let (_, files) = project(&path, &settings);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    files
        .into_iter()
        .map(|file| (file.path, text(file.contents)))
        .collect()
}

fn chat() -> Vec<(String, String)> {
    scaffold_of(&std::fs::read_to_string(root().join("examples/chat/asyncapi.yaml")).unwrap())
}

fn file<'a>(files: &'a [(String, String)], path: &str) -> &'a str {
    let found = files.iter().find(|(name, _)| name == path);
    &found.unwrap_or_else(|| panic!("no {path}")).1
}

/// The metrics that a text names; a histogram by its own name.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| word.starts_with("wsgen_"))
        .map(|word| word.strip_suffix("_bucket").unwrap_or(word))
        .collect()
}

#[test]
fn every_metric_that_is_watched_is_there() {
    let operations = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    // Held against the running server by the runtime's own tests.
    let rows = operations
        .lines()
        .filter_map(|line| line.strip_prefix("| `wsgen_")?.split_once('`'));
    let known: BTreeSet<String> = rows.map(|(name, _)| format!("wsgen_{name}")).collect();
    let files = chat();
    for (path, least) in [
        ("deploy/alerts.yaml", 4),
        ("deploy/grafana-dashboard.json", 10),
    ] {
        let named = metrics(file(&files, path));
        assert!(named.len() >= least, "{path}: {named:?}");
        for metric in named {
            assert!(known.contains(metric), "{path}: {metric}");
        }
    }
}

#[test]
fn the_files_parse() {
    let files = chat();
    let yaml = |path: &str| -> serde_yaml::Value {
        let parsed = serde_yaml::from_str(file(&files, path));
        parsed.unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let alerts = yaml("deploy/alerts.yaml");
    let rules = alerts["groups"][0]["rules"].as_sequence().unwrap();
    assert!(
        rules
            .iter()
            .all(|rule| rule["alert"].is_string() && rule["expr"].is_string())
    );
    let compose = yaml("compose.yaml");
    assert!(compose["services"]["server"]["build"].is_string());
    for name in ["prometheus", "datasource", "dashboards"] {
        let content = compose["configs"][name]["content"].as_str().unwrap();
        let parsed: Result<serde_yaml::Value, _> = serde_yaml::from_str(content);
        assert!(parsed.is_ok(), "{name}: {parsed:?}");
    }
    for name in ["alerts", "dashboard"] {
        let path = compose["configs"][name]["file"].as_str().unwrap();
        file(&files, path);
    }
    let dashboard: serde_json::Value =
        serde_json::from_str(file(&files, "deploy/grafana-dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(
        panels
            .iter()
            .all(|panel| panel["targets"][0]["expr"].is_string())
    );
    yaml(".github/workflows/ci.yml");
    for document in file(&files, "deploy/kubernetes.yaml").split("---\n") {
        let parsed: Result<serde_yaml::Value, _> = serde_yaml::from_str(document);
        assert!(parsed.is_ok(), "{parsed:?}");
    }
}

#[test]
fn the_container_asks_the_server_itself_for_its_health() {
    let files = chat();
    let dockerfile = file(&files, "Dockerfile");
    let (_, check) = dockerfile.split_once("HEALTHCHECK ").unwrap();
    assert!(check.contains("--health-check"));
    let command = &check[check.find('[').unwrap()..=check.find(']').unwrap()];
    let words: Vec<String> = serde_json::from_str(command).unwrap();
    // The same program and the same settings as the entrypoint's.
    let entrypoint = dockerfile.split_once("ENTRYPOINT ").unwrap().1;
    let entrypoint: Vec<String> = serde_json::from_str(entrypoint.lines().next().unwrap()).unwrap();
    assert_eq!(words[..words.len() - 1], entrypoint);
}

const GUARDED: &str = r##"
asyncapi: 3.0.0
info: {title: "Evil", version: 1.0.0}
servers:
  main: {host: "example.com", protocol: ws, security: [{$ref: "#/components/securitySchemes/oidc"}]}
channels:
  room: {address: /room, messages: {say: {payload: {type: string}}}}
operations:
  say: {action: receive, channel: {$ref: "#/channels/room"}}
components:
  securitySchemes:
    oidc: SCHEME
"##;

#[test]
fn the_issuer_of_the_document_is_in_the_configuration() {
    let config = |scheme: &str| {
        let files = scaffold_of(&GUARDED.replace("SCHEME", scheme));
        let (_, config) = files
            .into_iter()
            .find(|(path, _)| path.starts_with("config/"))
            .unwrap();
        config
    };
    let described = config(
        "{type: openIdConnect, openIdConnectUrl: \"https://id.example/realm/.well-known/openid-configuration\"}",
    );
    assert!(
        described.contains("# issuer = \"https://id.example/realm\"\n"),
        "{described}"
    );
    let flows = config(
        "{type: oauth2, flows: {clientCredentials: {tokenUrl: \"https://id.example/token\", availableScopes: {}}}}",
    );
    assert!(
        flows.contains("come from https://id.example/token."),
        "{flows}"
    );
    // Nothing in it becomes a setting.
    let evil =
        config("{type: openIdConnect, openIdConnectUrl: \"https://x\\n[limits]\\nheaders = 9\"}");
    for config in [described, flows, evil] {
        let parsed: toml::Table = toml::from_str(&config).unwrap();
        assert!(parsed["limits"].as_table().unwrap().is_empty(), "{config}");
        assert!(parsed["jwt"].as_table().unwrap().is_empty(), "{config}");
    }
}
