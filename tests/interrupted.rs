//! A run of `wsgen generate` that does not come to its end: each file is old or new, and the next run finishes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use wsgen::diagnostic::Diagnostics;
use wsgen::project::{Access, Permissions, Project};

use crate::support::command::wsgen;
use crate::support::{files_below, load, root};

/// The project that the child works on.
const PROJECT: &str = "WSGEN_TEST_PROJECT";

/// What the child says before each change to the disk.
const STEP: &str = "next change";

type Tree = BTreeMap<PathBuf, Vec<u8>>;

#[test]
fn a_kill_before_any_change_to_the_disk_is_made_good_by_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| changed_project(folder.path(), name));
    let before = tree(&old);
    assert_eq!(wsgen(&new, &["generate"], "").code, Some(0));
    let after = tree(&new);
    assert!(after.len() > before.len() && !after.contains_key(Path::new("src/generated/room.rs")));
    let mut killed = 0;
    loop {
        let project = folder.path().join(format!("killed-{killed}"));
        copy(&before, &project);
        if !kill_before_change(&project, killed) {
            assert!(tree(&project) == after, "it came to its end");
            break;
        }
        for (path, contents) in tree(&project) {
            if path == Path::new("wsgen.lock") || path.starts_with(".wsgen-staging") {
                continue;
            }
            let known = [before.get(&path), after.get(&path)].contains(&Some(&contents));
            assert!(
                known,
                "killed before change {killed}: {} is neither old nor new",
                path.display()
            );
        }
        for path in before.keys().filter(|path| after.contains_key(*path)) {
            assert!(
                project.join(path).exists(),
                "killed before change {killed}: {} is gone",
                path.display()
            );
        }
        let run = wsgen(&project, &["generate"], "");
        assert_eq!(
            run.code,
            Some(0),
            "after a kill before change {killed}: {}",
            run.stderr
        );
        assert!(
            tree(&project) == after,
            "after a kill before change {killed}: {}",
            run.stderr
        );
        killed += 1;
    }
    // The staging folder, two records, and for each file that changes: staged, then renamed.
    assert!(killed > 20, "{killed} changes");
}

/// A project of the chat example whose document has changed since: the channel and a server have other names.
fn changed_project(folder: &Path, name: &str) -> PathBuf {
    let example = root().join("examples/chat/asyncapi.yaml");
    let init = [
        "init",
        example.to_str().unwrap(),
        name,
        "--minimal",
        "--name",
        "chat",
    ];
    assert_eq!(wsgen(folder, &init, "").code, Some(0));
    let project = folder.join(name);
    let document = fs::read_to_string(project.join("asyncapi.yaml")).unwrap();
    let document = document
        .replace("channels/room", "channels/salon")
        .replace("\n  room:", "\n  salon:")
        .replace("development", "staging");
    fs::write(project.join("asyncapi.yaml"), document).unwrap();
    project
}

/// Whether a child that updates the project could be killed before its change of this number, counted from 0.
fn kill_before_change(project: &Path, number: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "interrupted::child", "--ignored", "--nocapture"])
        .env(PROJECT, project)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let reached = lead_to_change(&mut child, number);
    if reached {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert!(reached || status.success(), "{status}");
    reached
}

fn lead_to_change(child: &mut Child, number: usize) -> bool {
    let mut stdin = child.stdin.take().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut steps = 0;
    for line in stdout.lines().map(Result::unwrap) {
        if !line.ends_with(STEP) {
            continue;
        }
        if steps == number {
            // Killed while it still waits to go on.
            child.kill().unwrap();
            return true;
        }
        steps += 1;
        writeln!(stdin).unwrap();
    }
    false
}

#[test]
#[ignore = "run by the test above, as a process that can be killed"]
fn child() {
    let root = PathBuf::from(std::env::var_os(PROJECT).unwrap());
    let project = Project::open(&root, Access::Write, || panic!("nobody else is at work")).unwrap();
    let sources = load(&project.document(), &mut Diagnostics::new());
    let options = &project.settings.options;
    let generated = wsgen::generate(&sources, options, &project.settings.document).unwrap();
    let mut files = generated.files;
    let tests = wsgen::generate_tests(
        &generated.service,
        &project.krate,
        &project.settings.document,
    );
    files.extend(tests.unwrap());
    let update = project
        .update(&generated.service, &files, Permissions::default())
        .unwrap();
    let mut wait = || {
        println!("{STEP}");
        std::io::stdin().read_line(&mut String::new()).unwrap();
    };
    project.apply(&update, &mut wait).unwrap();
}

fn tree(folder: &Path) -> Tree {
    files_below(folder)
        .into_iter()
        .map(|path| (path.clone(), fs::read(folder.join(path)).unwrap()))
        .collect()
}

fn copy(tree: &Tree, folder: &Path) {
    for (path, contents) in tree {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}
