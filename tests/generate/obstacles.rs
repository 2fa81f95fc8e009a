//! What stands in the way of `wsgen generate`: links, folders, a full disk, another run.

use std::fs;
use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Chat, ROOM};

#[cfg(unix)]
#[test]
fn what_is_in_the_way_is_named_and_nothing_is_written() {
    use std::os::unix::fs::symlink;
    type Make = fn(&Path);
    let replaced: [(&str, Make); 3] = [
        ("a symbolic link", |path| {
            symlink("/etc/hostname", path).unwrap()
        }),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("no regular file", |path| {
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
    ];
    for (what, make) in replaced {
        for flag in [&[][..], &["--force"], &["--check"], &["--diff"]] {
            let chat = Chat::changed();
            let path = chat.root().join(ROOM);
            fs::remove_file(&path).unwrap();
            make(&path);
            chat.refuses(
                flag,
                &["`src/generated/room.rs` is", what, "nothing was written"],
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_project_are_not_followed() {
    let chat = Chat::changed();
    let elsewhere = chat.folder.path().join("elsewhere");
    fs::rename(chat.root().join("src/generated"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, chat.root().join("src/generated")).unwrap();
    chat.refuses(
        &["--force"],
        &["a symbolic link that leads out of the project"],
    );
    assert!(
        fs::read_to_string(elsewhere.join("room.rs"))
            .unwrap()
            .contains("set_typing")
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_changes_nothing() {
    let chat = Chat::changed();
    let before = chat.tree();
    // A file may have a block or two: what does not fit is refused, as on a full disk.
    let output = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 1; exec \"$0\" generate",
            env!("CARGO_BIN_EXE_wsgen"),
        ])
        .current_dir(chat.root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot write"), "{said}");
    assert!(chat.tree() == before);
}

#[test]
fn a_second_run_waits_for_the_first() {
    let chat = Chat::changed();
    let held = fs::File::open(chat.root().join("wsgen.toml")).unwrap();
    held.lock().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .arg("generate")
        .current_dir(chat.root())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        said.next()
            .unwrap()
            .unwrap()
            .contains("waiting for another run")
    );
    assert!(chat.read(ROOM).contains("set_typing"));
    held.unlock().unwrap();
    assert!(
        said.map(Result::unwrap)
            .any(|line| line.starts_with("changed"))
    );
    assert!(child.wait().unwrap().success());
    assert!(chat.read(ROOM).contains("fn typing("));
}

#[test]
fn runs_at_the_same_time_leave_one_result() {
    let chat = Chat::changed();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_wsgen"));
            command
                .arg("generate")
                .current_dir(chat.root())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(chat.generate(&["--check"]).code, Some(0));
}
