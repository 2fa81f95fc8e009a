//! `wsgen watch`: what is written while somebody works on the document.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::support::command::wsgen;

const DOCUMENT: &str = "asyncapi: 3.0.0\ninfo: {title: T, version: '1'}\nservers:\n  one: {host: b.example.com, protocol: ws}\nchannels:\n  a: {address: /a, messages: {m: {payload: {$ref: './m.yaml'}}}}\noperations:\n  o: {action: receive, channel: {$ref: '#/channels/a'}}\n";

struct Watching {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Watching {
    fn start(project: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wsgen"))
            .arg("watch")
            .current_dir(project)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said }
    }

    /// All that is said until it watches again.
    fn round(&mut self) -> String {
        let mut round = String::new();
        loop {
            let line = self.said.next().expect("it goes on").unwrap();
            if line.starts_with("watching") {
                return round + &line;
            }
            round.push_str(&line);
            round.push('\n');
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_watched_project_follows_its_document() {
    let folder = tempfile::tempdir().unwrap();
    let message = |field: &str| {
        format!("type: object\nrequired: [{field}]\nproperties: {{{field}: {{type: string}}}}\n")
    };
    fs::write(folder.path().join("spec.yaml"), DOCUMENT).unwrap();
    fs::write(folder.path().join("m.yaml"), message("one")).unwrap();
    assert_eq!(
        wsgen(folder.path(), &["init", "spec.yaml", "demo"], "").code,
        Some(0)
    );
    let project = folder.path().join("demo");
    let part = project.join("asyncapi/m.yaml");
    let messages = || fs::read_to_string(project.join("src/generated/messages.rs")).unwrap();

    let mut watching = Watching::start(&project);
    let said = watching.round();
    assert!(
        said.contains("nothing to change") && said.contains("watching 3 files"),
        "{said}"
    );

    fs::write(&part, message("two")).unwrap();
    let said = watching.round();
    assert!(
        said.contains("rewrite  src/generated/messages.rs"),
        "{said}"
    );
    assert!(messages().contains("pub two: String"));

    fs::write(&part, "type: [unclosed").unwrap();
    let said = watching.round();
    assert!(
        said.contains("error[") && said.contains("asyncapi/m.yaml:"),
        "{said}"
    );
    assert!(
        messages().contains("pub two: String"),
        "what is wrong changes nothing"
    );

    // As editors do: the file is gone for a moment, and then another one.
    fs::remove_file(&part).unwrap();
    fs::write(project.join("m.new"), message("three")).unwrap();
    fs::rename(project.join("m.new"), &part).unwrap();
    let mut said = watching.round();
    while said.contains("error[") {
        said = watching.round();
    }
    assert!(messages().contains("pub three: String"), "{said}");

    fs::write(project.join("wsgen.toml"), "nothing").unwrap();
    let said = watching.round();
    assert!(said.contains("cannot read `wsgen.toml`"), "{said}");
    fs::write(
        project.join("wsgen.toml"),
        "document = 'asyncapi/spec.yaml'\n",
    )
    .unwrap();
    let said = watching.round();
    assert!(said.contains("nothing to change"), "{said}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it() {
    use std::os::unix::process::ExitStatusExt;
    if ignores_interrupts() {
        eprintln!("skipped: whoever runs the tests ignores SIGINT, and so would what they start");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let alone = DOCUMENT.replace("$ref: './m.yaml'", "type: string");
    fs::write(folder.path().join("spec.yaml"), alone).unwrap();
    assert_eq!(
        wsgen(folder.path(), &["init", "spec.yaml", "demo"], "").code,
        Some(0)
    );
    let mut watching = Watching::start(&folder.path().join("demo"));
    watching.round();
    let id = watching.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(watching.child.wait().unwrap().signal(), Some(2));
}

/// As what a script starts in the background does; such a process hands it on.
#[cfg(unix)]
fn ignores_interrupts() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    ignored.is_some_and(|bits| bits & 0b10 != 0)
}

#[test]
fn standard_input_and_folders_without_a_project_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["watch", "-"][..], &["watch"]] {
        assert_eq!(wsgen(folder.path(), arguments, "").code, Some(1));
    }
}
