//! The second run: a document changes, the user's code stays, and the compiler says what is left to do.

use std::fs;
use std::path::Path;

use crate::support::command::{Run, cargo, wsgen};
use crate::support::{files_below, root};

const BEFORE: &str = "\
asyncapi: 3.0.0
info: { title: Rooms, version: 1.0.0 }
servers:
  live: { host: 'localhost:8080', protocol: ws }
channels:
  room:
    address: /rooms/{room}
    parameters: { room: {} }
    messages:
      say: { payload: { type: object, required: [type, text], properties: { type: { const: say }, text: { type: string } } } }
      setTyping: { payload: { type: object, required: [type], properties: { type: { const: setTyping } } } }
  metrics:
    address: /metrics
    messages:
      subscribe: { payload: { type: object, required: [type], properties: { type: { const: subscribe } } } }
operations:
  talk: { action: receive, channel: { $ref: '#/channels/room' } }
  measure: { action: receive, channel: { $ref: '#/channels/metrics' } }
";

/// A message is added and one renamed, a channel is removed and another added, and so is a server.
const AFTER: &str = "\
asyncapi: 3.0.0
info: { title: Rooms, version: 2.0.0 }
servers:
  live: { host: 'localhost:8080', protocol: ws }
  backup: { host: 'localhost:8081', protocol: ws }
channels:
  room:
    address: /rooms/{room}
    parameters: { room: {} }
    messages:
      say: { payload: { type: object, required: [type, text], properties: { type: { const: say }, text: { type: string } } } }
      typing: { payload: { type: object, required: [type], properties: { type: { const: typing } } } }
      leave: { payload: { type: object, required: [type], properties: { type: { const: leave } } } }
  audit:
    address: /audit
    messages:
      follow: { payload: { type: object, required: [type], properties: { type: { const: follow } } } }
operations:
  talk: { action: receive, channel: { $ref: '#/channels/room' } }
  watch: { action: receive, channel: { $ref: '#/channels/audit' } }
";

#[test]
fn a_project_lives_through_a_change_of_its_document() {
    let folder = tempfile::tempdir().unwrap();
    let project = begin(folder.path());
    edit(&project);
    let mut mine = user_files(&project);
    fs::write(project.join("asyncapi.yaml"), AFTER).unwrap();

    let run = generate(&project, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // The module line of the new channel is the one thing that is added to what the user has.
    let declared =
        mine["src/handlers/mod.rs"].replacen("mod metrics;", "mod audit;\nmod metrics;", 1);
    mine.insert("src/handlers/mod.rs".to_owned(), declared);
    mine.insert("asyncapi.yaml".to_owned(), AFTER.to_owned());
    let now = user_files(&project);
    let created: Vec<&String> = now
        .keys()
        .filter(|path| !mine.contains_key(*path))
        .collect();
    assert_eq!(
        created,
        [
            "config/backup.toml",
            "src/bin/backup.rs",
            "src/handlers/audit.rs"
        ]
    );
    for (path, text) in &mine {
        assert_eq!(&now[path], text, "{path} is as it was");
    }
    for said in [
        "`impl Room` lacks `typing`, `leave`",
        "nothing calls `set_typing` of `impl Room`",
        "src/handlers/metrics.rs: the document does not ask for it",
        "`default-run = \"live\"`",
        "tests/servers.rs: nothing starts what is new",
        "#[tokio::test]\nasync fn backup_starts() {\n",
    ] {
        assert!(run.stderr.contains(said), "{said:?} in: {}", run.stderr);
    }

    // What is gone is named first: rustc looks at names before it looks at traits.
    let errors = compile_errors(&project);
    assert_eq!(
        errors,
        [
            "E0407 method `set_typing` is not a member of trait `Room`",
            "E0425 cannot find type `SetTyping` in module `messages`",
            "E0425 cannot find type `Subscribe` in module `messages`",
            "E0432 unresolved import `crate::generated::metrics`",
        ]
    );
    remove_what_is_gone(&project);
    let errors = compile_errors(&project);
    assert_eq!(
        errors,
        ["E0046 not all trait items implemented, missing: `typing`, `leave`"]
    );

    let before = read(&project, "src/handlers/room.rs");
    assert_eq!(generate(&project, &["--fix"]).code, Some(0));
    let after = read(&project, "src/handlers/room.rs");
    let kept = before.strip_suffix("}\n").unwrap();
    assert!(after.starts_with(kept) && after.ends_with("}\n"), "{after}");
    let inserted = &after[kept.len()..];
    assert!(
        inserted.contains("async fn typing(") && inserted.contains("async fn leave("),
        "{inserted}"
    );
    assert_eq!(compile_errors(&project), [""; 0]);
    let formatted = cargo(&project, &["fmt", "--check"]);
    assert_eq!(formatted.code, Some(0), "{}", formatted.stdout);

    let run = generate(&project, &["--check"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "nothing to change\n")
    );
}

/// A project of the first document.
fn begin(folder: &Path) -> std::path::PathBuf {
    fs::write(folder.join("rooms.yaml"), BEFORE).unwrap();
    let runtime = root().join("runtime");
    let runtime = runtime.to_str().unwrap();
    let init = [
        "init",
        "rooms.yaml",
        "rooms",
        "--minimal",
        "--runtime-path",
        runtime,
    ];
    let run = wsgen(folder, &init, "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let project = folder.join("rooms");
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    project
}

/// What a user does to a fresh project.
fn edit(project: &Path) {
    replace(
        project,
        "src/handlers/mod.rs",
        "pub struct Handlers {}",
        "pub struct Handlers {\n    pub said: std::sync::atomic::AtomicU64,\n}",
    );
    replace(
        project,
        "src/handlers/room.rs",
        "tracing::info!(received = ?message, \"`say` is not implemented yet\");",
        "// Räume zählen.\n        let _ = message;\n        self.said.fetch_add(1, std::sync::atomic::Ordering::Relaxed);",
    );
    replace(
        project,
        "config/live.toml",
        "# messages = 50",
        "messages = 20",
    );
}

/// What a user does about what the compiler says is gone.
fn remove_what_is_gone(project: &Path) {
    fs::remove_file(project.join("src/handlers/metrics.rs")).unwrap();
    replace(project, "src/handlers/mod.rs", "mod metrics;\n", "");
    let room = read(project, "src/handlers/room.rs");
    let start = room.find("\n    async fn set_typing").unwrap();
    let end = start + room[start..].find("\n    }\n").unwrap() + "\n    }\n".len();
    fs::write(
        project.join("src/handlers/room.rs"),
        [&room[..start], &room[end..]].concat(),
    )
    .unwrap();
}

fn generate(project: &Path, arguments: &[&str]) -> Run {
    wsgen(project, &[&["generate"], arguments].concat(), "")
}

/// The errors of the library, each with its code, sorted.
fn compile_errors(project: &Path) -> Vec<String> {
    let run = cargo(
        project,
        &["check", "--lib", "--quiet", "--message-format=short"],
    );
    let errors = run.stderr.lines().filter_map(|line| {
        let (_, error) = line.split_once("error[")?;
        let (code, text) = error.split_once("]: ")?;
        Some(format!("{code} {}", short(text)))
    });
    let mut errors: Vec<String> = errors.collect();
    errors.sort();
    errors.dedup();
    let failed = run.code != Some(0);
    assert_eq!(failed, !errors.is_empty(), "{}", run.stderr);
    errors
}

/// The message without what rustc says about it at the place itself.
fn short(message: &str) -> &str {
    let detail = [": not ", ": could not ", ": missing `"]
        .into_iter()
        .find_map(|word| message.find(word));
    &message[..detail.unwrap_or(message.len())]
}

fn replace(project: &Path, file: &str, from: &str, to: &str) {
    let text = read(project, file);
    assert!(text.contains(from), "{from:?} in {file}: {text}");
    fs::write(project.join(file), text.replacen(from, to, 1)).unwrap();
}

fn read(project: &Path, file: &str) -> String {
    fs::read_to_string(project.join(file)).unwrap()
}

/// All files that are the user's.
fn user_files(project: &Path) -> std::collections::BTreeMap<String, String> {
    let files = files_below(project)
        .into_iter()
        .map(|path| path.to_string_lossy().replace('\\', "/"));
    let ours = |path: &String| {
        path.starts_with("src/generated/")
            || path == "tests/generated.rs"
            || path.ends_with(".lock")
    };
    files
        .filter(|path| !ours(path))
        .map(|path| (path.clone(), read(project, &path)))
        .collect()
}
