//! `wsgen generate` as a user runs it: what it writes, what it leaves alone, what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::command::{Run, wsgen};
use crate::support::{files_below, root};

mod obstacles;

/// A fresh project of the chat example, in a folder of its own.
struct Chat {
    folder: TempDir,
}

impl Chat {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let document = root().join("examples/chat/asyncapi.yaml");
        let init = ["init", document.to_str().unwrap(), "chat", "--minimal"];
        let init = [&init, arguments].concat();
        assert_eq!(wsgen(folder.path(), &init, "").code, Some(0));
        Self { folder }
    }

    /// The same, with a message under a new name in its document.
    fn changed() -> Self {
        let chat = Self::new();
        chat.replace("asyncapi.yaml", "setTyping", "typing");
        chat
    }

    fn rename_the_channel(&self) {
        self.replace("asyncapi.yaml", "channels/room", "channels/salon");
        self.replace("asyncapi.yaml", "\n  room:", "\n  salon:");
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("chat")
    }

    fn generate(&self, arguments: &[&str]) -> Run {
        wsgen(&self.root(), &[&["generate"], arguments].concat(), "")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root().join(file)).unwrap()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.root().join(file), text).unwrap();
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{from:?} in {file}");
        self.write(file, &text.replace(from, to));
    }

    fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let read = |path: PathBuf| (path.clone(), fs::read(self.root().join(path)).unwrap());
        files_below(&self.root()).into_iter().map(read).collect()
    }

    /// Asserts that a run said these things, exited with 1, and wrote nothing.
    fn refuses(&self, arguments: &[&str], said: &[&str]) {
        let listed = |path: &Path| {
            let mut entries: Vec<_> = fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            entries.sort();
            entries
        };
        let before = ["", "src/generated"].map(|folder| listed(&self.root().join(folder)));
        let lock = self.read("wsgen.lock");
        let run = self.generate(arguments);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        for text in said {
            assert!(run.stderr.contains(text), "{text:?} in: {}", run.stderr);
        }
        let after = ["", "src/generated"].map(|folder| listed(&self.root().join(folder)));
        assert_eq!(before, after);
        assert_eq!(self.read("wsgen.lock"), lock);
    }
}

const ROOM: &str = "src/generated/room.rs";

#[test]
fn without_a_change_nothing_is_written() {
    let chat = Chat::new();
    let modified = || {
        let of = |path: PathBuf| {
            fs::metadata(chat.root().join(path))
                .unwrap()
                .modified()
                .unwrap()
        };
        files_below(&chat.root())
            .into_iter()
            .map(of)
            .collect::<Vec<_>>()
    };
    let before = modified();
    let run = chat.generate(&[]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "nothing to change\n")
    );
    assert_eq!(modified(), before);
    for path in files_below(&chat.root()) {
        let path = chat.root().join(path);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace('\n', "\r\n")).unwrap();
    }
    assert_eq!(
        chat.generate(&["--check"]).code,
        Some(0),
        "line ends are git's matter"
    );
}

#[test]
fn only_what_changes_is_written() {
    let chat = Chat::changed();
    let servers = chat.root().join("src/generated/servers.rs");
    let before = fs::metadata(&servers).unwrap().modified().unwrap();
    let run = chat.generate(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.contains("rewrite  src/generated/room.rs"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("servers.rs"), "{}", run.stderr);
    assert_eq!(fs::metadata(&servers).unwrap().modified().unwrap(), before);
    assert!(chat.read(ROOM).contains("fn typing("));
    assert!(!chat.root().join(".wsgen-staging").exists());
}

#[test]
fn the_result_is_what_init_makes_of_the_new_document() {
    let chat = Chat::changed();
    assert_eq!(chat.generate(&[]).code, Some(0));
    let document = chat.root().join("asyncapi.yaml");
    let init = [
        "init",
        document.to_str().unwrap(),
        "fresh/chat",
        "--minimal",
    ];
    assert_eq!(wsgen(chat.folder.path(), &init, "").code, Some(0));
    for file in files_below(&chat.root()) {
        let fresh = fs::read(chat.folder.path().join("fresh/chat").join(&file)).unwrap();
        let stub = file.starts_with("src/handlers");
        assert!(
            stub || fresh == fs::read(chat.root().join(&file)).unwrap(),
            "{}",
            file.display()
        );
    }
}

#[test]
fn who_only_looks_writes_nothing() {
    let chat = Chat::changed();
    let before = chat.tree();
    let dry = chat.generate(&["--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("rewrite  src/generated/room.rs"),
        "{}",
        dry.stdout
    );
    let check = chat.generate(&["--check"]);
    assert_eq!(check.code, Some(1));
    assert!(
        check.stderr.contains("run `wsgen generate`"),
        "{}",
        check.stderr
    );
    assert!(chat.tree() == before);
    let json = chat.generate(&["--dry-run", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["changes"][1]["path"], ROOM);
    assert_eq!(json["tasks"][0]["methods"][0], "typing");
}

#[test]
fn a_diff_is_one_that_patch_takes() {
    let chat = Chat::new();
    chat.replace(
        "asyncapi.yaml",
        "Tells the others that you have begun",
        "Says that you have begun",
    );
    let run = chat.generate(&["--diff"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let expected = "\
--- a/src/generated/messages.rs
+++ b/src/generated/messages.rs
@@ -19,7 +19,7 @@
     pub text: ::wsgen_runtime::codegen::serde_json::Value,
";
    let hunk = "\
-/// Tells the others that you have begun or stopped to type.
+/// Says that you have begun or stopped to type.
";
    let head: Vec<&str> = expected.lines().take(2).collect();
    assert!(run.stdout.starts_with(&head.join("\n")), "{}", run.stdout);
    assert!(run.stdout.contains(hunk), "{}", run.stdout);
    let colored = chat.generate(&["--diff", "--color", "always"]).stdout;
    assert!(colored.contains("\u{1b}[32m+/// Says that"), "{colored}");
    fs::write(chat.folder.path().join("change.diff"), &run.stdout).unwrap();
    let patch = Command::new("patch")
        .args(["--quiet", "-p1", "-i", "../change.diff"])
        .current_dir(chat.root())
        .status();
    if patch.is_ok_and(|status| status.success()) {
        assert_eq!(chat.generate(&["--diff"]).stdout, "");
    }
}

#[test]
fn what_was_edited_by_hand_is_kept_until_it_is_forced() {
    let chat = Chat::changed();
    chat.replace(
        ROOM,
        "use wsgen_runtime::codegen",
        "// mine\nuse wsgen_runtime::codegen",
    );
    let edited = chat.read(ROOM);
    for _ in 0..2 {
        let run = chat.generate(&[]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(
            run.stderr
                .contains("`src/generated/room.rs` was edited by hand"),
            "{}",
            run.stderr
        );
        assert_eq!(chat.read(ROOM), edited);
        assert!(
            chat.read("src/generated/messages.rs")
                .contains("struct Typing"),
            "the rest goes on"
        );
        assert_eq!(chat.generate(&["--check"]).code, Some(1));
    }
    assert_eq!(chat.generate(&["--force"]).code, Some(0));
    assert!(!chat.read(ROOM).contains("mine"));
    assert_eq!(chat.generate(&["--check"]).code, Some(0));
}

#[test]
fn what_is_generated_no_more_goes_and_what_is_not_ours_stays() {
    let chat = Chat::new();
    chat.write("src/generated/mine.rs", "// mine\n");
    chat.rename_the_channel();
    let run = chat.generate(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!chat.root().join(ROOM).exists());
    assert!(chat.root().join("src/generated/salon.rs").exists());
    assert!(chat.root().join("src/handlers/salon.rs").exists());
    assert!(
        chat.read("src/handlers/mod.rs")
            .contains("mod room;\nmod salon;\n")
    );
    assert!(
        run.stderr.contains("src/generated/mine.rs  (not wsgen's)"),
        "{}",
        run.stderr
    );
    assert_eq!(chat.generate(&["--force"]).code, Some(0));
    assert_eq!(chat.read("src/generated/mine.rs"), "// mine\n");
    assert_eq!(chat.generate(&["--check"]).code, Some(0));
}

#[test]
fn a_record_that_is_gone_is_made_again_from_what_is_as_it_should_be() {
    let chat = Chat::new();
    let lock = chat.read("wsgen.lock");
    fs::remove_file(chat.root().join("wsgen.lock")).unwrap();
    assert_eq!(chat.generate(&["--check"]).code, Some(1));
    assert_eq!(chat.generate(&[]).code, Some(0));
    assert_eq!(chat.read("wsgen.lock"), lock);
    fs::remove_file(chat.root().join("wsgen.lock")).unwrap();
    chat.replace("asyncapi.yaml", "setTyping", "typing");
    let run = chat.generate(&[]);
    assert_eq!(
        run.code,
        Some(1),
        "without a record nobody knows whose it is: {}",
        run.stderr
    );
    chat.write("wsgen.lock", "<<<<<<< HEAD\n");
    chat.refuses(&[], &["wsgen.lock", "delete it"]);
}

#[test]
fn stubs_that_the_user_deleted_are_not_written_again() {
    let chat = Chat::new();
    fs::remove_file(chat.root().join("src/bin/development.rs")).unwrap();
    fs::remove_file(chat.root().join("config/development.toml")).unwrap();
    fs::remove_file(chat.root().join("src/handlers/room.rs")).unwrap();
    let run = chat.generate(&[]);
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.contains("nothing to change"), "{}", run.stderr);
    assert!(
        run.stderr.contains("src/handlers/room.rs was deleted"),
        "{}",
        run.stderr
    );
    assert_eq!(chat.generate(&["--fix"]).code, Some(0));
    assert!(
        chat.read("src/handlers/room.rs")
            .contains("impl Room for Handlers")
    );
    assert!(!chat.root().join("src/bin/development.rs").exists());
}

#[test]
fn handlers_may_live_wherever_the_user_likes() {
    let chat = Chat::changed();
    let handlers = chat.read("src/handlers/room.rs");
    let elsewhere = handlers.replace("super::Handlers", "crate::Handlers");
    chat.write(
        "src/rooms.rs",
        &elsewhere
            .replace("messages;", "messages as payloads;")
            .replace("messages::", "payloads::"),
    );
    fs::remove_file(chat.root().join("src/handlers/room.rs")).unwrap();
    fs::remove_file(chat.root().join("wsgen.lock")).unwrap();
    let run = chat.generate(&["--force", "--fix"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!chat.root().join("src/handlers/room.rs").exists());
    assert!(
        chat.read("src/rooms.rs")
            .contains("message: payloads::Typing"),
        "{}",
        chat.read("src/rooms.rs")
    );
    chat.write("src/rooms.rs", "impl Room for {");
    let run = chat.generate(&[]);
    assert!(
        run.stderr.contains("src/rooms.rs: it is no Rust"),
        "{}",
        run.stderr
    );
    assert!(!chat.root().join("src/handlers/room.rs").exists());
}

#[test]
fn handlers_of_one_trait_are_told_how_to_be_divided() {
    let chat = Chat::new();
    let handlers = chat.read("src/handlers/room.rs");
    // As wsgen 0.1 wrote them.
    let former = handlers
        .replace(
            "impl Handler<Route> for Handlers {",
            "impl Room for Handlers {",
        )
        .replace("    }\n}\n\nimpl Room for Handlers {\n", "    }\n\n");
    assert_eq!(former.matches("impl ").count(), 1, "{former}");
    chat.write("src/handlers/room.rs", &former);
    let line = former.lines().position(|line| line.starts_with("impl "));
    let line = line.unwrap() + 1;
    for arguments in [&[][..], &["--fix"]] {
        let run = chat.generate(arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let told = format!(
            "src/handlers/room.rs:{line}: `type Session`, `connect` of `impl Room` belong to `wsgen_runtime::Handler<room::Route>` now: move them into an `impl` of that\n"
        );
        assert!(run.stderr.contains(&told), "{told}\nin\n{}", run.stderr);
        assert!(!run.stderr.contains("there is no"), "{}", run.stderr);
        assert_eq!(chat.read("src/handlers/room.rs"), former);
    }
}

#[test]
fn an_implementation_that_is_missing_beside_another_is_inserted() {
    let chat = Chat::new();
    let handlers = chat.read("src/handlers/room.rs");
    let connections = handlers.find("impl Handler<Route>").unwrap();
    let messages = handlers.find("impl Room").unwrap();
    let without_connections = [&handlers[..connections], &handlers[messages..]].concat();
    let without_messages = handlers[..messages].trim_end().to_owned() + "\n";
    for (handlers, missing, inserted) in [
        (
            without_connections,
            "`impl Handler<Route>`",
            "impl Handler<crate::generated::room::Route> for Handlers {",
        ),
        (
            without_messages,
            "`impl Room`",
            "impl crate::generated::room::Room for Handlers {",
        ),
    ] {
        let handlers = handlers.replace("room::{Context, Request, Room, Route}", "room::Context");
        let handlers = match missing {
            "`impl Room`" => {
                handlers.replace("Handler<Route>", "Handler<crate::generated::room::Route>")
            }
            _ => handlers,
        };
        chat.write("src/handlers/room.rs", &handlers);
        let run = chat.generate(&[]);
        let told = format!("src/handlers/room.rs: there is no {missing}; paste this");
        assert!(run.stderr.contains(&told), "{told}\nin\n{}", run.stderr);
        assert!(
            run.stderr.contains(inserted),
            "{inserted}\nin\n{}",
            run.stderr
        );
        assert_eq!(chat.generate(&["--fix"]).code, Some(0));
        let fixed = chat.read("src/handlers/room.rs");
        assert_eq!(fixed.matches("impl ").count(), 2, "{fixed}");
        assert!(fixed.contains(inserted), "{fixed}");
        assert_eq!(chat.generate(&[]).stderr, "nothing to change\n");
    }
}

#[test]
fn the_project_is_found_from_below_and_its_document_may_be_outside() {
    let chat = Chat::new();
    fs::rename(
        chat.root().join("asyncapi.yaml"),
        chat.folder.path().join("api.yaml"),
    )
    .unwrap();
    chat.replace("wsgen.toml", "asyncapi.yaml", "../api.yaml");
    let run = wsgen(&chat.root().join("src/handlers"), &["generate"], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        chat.read(ROOM)
            .starts_with("// @generated by wsgen from ../api.yaml. Do not edit.\n")
    );
    let run = wsgen(chat.folder.path(), &["generate"], "");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("there is no `wsgen.toml`"),
        "{}",
        run.stderr
    );
}

#[test]
fn another_document_and_other_choices_hold_for_one_run() {
    let chat = Chat::new();
    let document = chat.read("asyncapi.yaml").replace("setTyping", "typing");
    fs::write(chat.folder.path().join("next.yaml"), &document).unwrap();
    let run = chat.generate(&["../next.yaml", "--dry-run"]);
    assert!(run.stdout.contains("lacks `typing`"), "{}", run.stdout);
    let another = "follows ../next.yaml; `wsgen.toml` names `asyncapi.yaml`";
    assert!(run.stderr.contains(another), "{}", run.stderr);
    let run = wsgen(&chat.root(), &["generate", "-", "--dry-run"], &document);
    assert!(run.stdout.contains("lacks `typing`"), "{}", run.stdout);
    assert!(run.stderr.contains("standard input"), "{}", run.stderr);
    let run = chat.generate(&["./asyncapi.yaml"]);
    assert_eq!(run.stderr, "nothing to change\n");
    let run = chat.generate(&["--server", "production"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        !chat
            .read("src/generated/servers.rs")
            .contains("development")
    );
    chat.replace(
        "wsgen.toml",
        "document",
        "servers = [\"production\"]\ndocument",
    );
    assert_eq!(chat.generate(&["--check"]).code, Some(0));
    chat.write("wsgen.toml", "documint = \"x\"\n");
    chat.refuses(&[], &["wsgen.toml", "documint", "correct it"]);
}

#[test]
fn features_that_the_document_needs_now_are_named_with_their_line() {
    let chat = Chat::new();
    chat.replace("asyncapi.yaml", "application/json", "application/cbor");
    let run = chat.generate(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let said = "the document needs `cbor` of wsgen-runtime now";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let is_dependency = |line: &&str| line.starts_with("wsgen-runtime = ");
    let line = run.stderr.lines().find(is_dependency).unwrap();
    let manifest = chat.read("Cargo.toml");
    let before = manifest.lines().find(is_dependency).unwrap();
    chat.replace("Cargo.toml", before, line);
    assert_eq!(chat.generate(&[]).stderr, "nothing to change\n");
    // The line is the one that `init` writes.
    let init = ["init", "chat/asyncapi.yaml", "fresh"];
    assert_eq!(wsgen(chat.folder.path(), &init, "").code, Some(0));
    let fresh = fs::read_to_string(chat.folder.path().join("fresh/Cargo.toml")).unwrap();
    assert!(fresh.contains(&format!("\n{line}\n")), "{line} in {fresh}");
}

#[test]
fn a_document_with_other_files_is_generated_from_where_init_put_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let document = "asyncapi: 3.0.0\ninfo: {title: T, version: '1'}\nservers:\n  one: {host: b.example.com, protocol: ws}\nchannels:\n  a: {address: /a, messages: {m: {payload: {$ref: '../common/m.yaml'}}}}\noperations:\n  o: {action: receive, channel: {$ref: '#/channels/a'}}\n";
    write("api/spec.yaml", document);
    write(
        "common/m.yaml",
        "type: object\nrequired: [text]\nproperties: {text: {type: string}}\n",
    );
    let init = [
        "init",
        "api/spec.yaml",
        "demo",
        "--allow-ref-root",
        "common",
    ];
    let run = wsgen(folder.path(), &init, "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = wsgen(&folder.path().join("demo"), &["generate", "--check"], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    write(
        "demo/asyncapi/common/m.yaml",
        "type: object\nrequired: [words]\nproperties: {words: {type: string}}\n",
    );
    let run = wsgen(&folder.path().join("demo/src"), &["generate"], "");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let messages =
        fs::read_to_string(folder.path().join("demo/src/generated/messages.rs")).unwrap();
    assert!(messages.contains("pub words"), "{messages}");
}

#[test]
fn the_same_bytes_anywhere() {
    let environments: [&[(&str, &str)]; 2] = [
        &[
            ("HOME", "/nowhere"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("TZ", "Pacific/Chatham"),
        ],
        &[
            ("HOME", "/root"),
            ("LANG", "C"),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("RAYON_NUM_THREADS", "1"),
        ],
    ];
    for name in crate::examples::names() {
        let document = root().join("examples").join(name).join("asyncapi.yaml");
        let trees = environments.map(|environment| {
            let folder = tempfile::tempdir().unwrap();
            let run = |folder: &Path, arguments: &[&str]| {
                let output = Command::new(env!("CARGO_BIN_EXE_wsgen"))
                    .args(arguments)
                    .current_dir(folder)
                    .envs(environment.iter().copied())
                    .output()
                    .unwrap();
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
            };
            run(
                folder.path(),
                &[
                    "init",
                    document.to_str().unwrap(),
                    "demo",
                    "--runtime-path",
                    "/runtime",
                ],
            );
            let project = folder.path().join("demo");
            fs::remove_dir_all(project.join("src/generated")).unwrap();
            run(&project.join("src/bin"), &["generate"]);
            let read = |path: PathBuf| (fs::read(project.join(&path)).unwrap(), path);
            files_below(&project)
                .into_iter()
                .map(read)
                .collect::<Vec<_>>()
        });
        assert!(trees[0] == trees[1], "{name}");
    }
}

#[test]
fn where_a_build_script_generates_only_stubs_are_written() {
    let chat = Chat::with(&["--build-rs"]);
    assert_eq!(chat.generate(&["--check"]).code, Some(0));
    chat.rename_the_channel();
    assert_eq!(chat.generate(&[]).code, Some(0));
    assert!(
        chat.read("src/handlers/salon.rs")
            .contains("impl Salon for Handlers")
    );
    assert!(!chat.root().join("src/generated").exists());
    assert!(!chat.root().join("tests/generated.rs").exists());
}
