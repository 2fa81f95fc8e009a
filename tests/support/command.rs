//! wsgen and Cargo as a user runs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::root;

/// What a run left on its streams, and how it ended.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs wsgen in `folder`, with `input` on its standard input.
pub fn wsgen(folder: &Path, arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wsgen"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A run that does not read its input has closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Runs Cargo in `folder`; all tests that compile projects share what was built.
///
/// It downloads the dependencies that no test of this workspace needed before. Once they are here no network is used,
/// because the versions are those of this workspace's lock file.
pub fn cargo(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "-D warnings")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let lacks_a_crate = ["failed to download", "failed to query", "failed to get"]
        .iter()
        .any(|fault| stderr.contains(fault));
    assert!(
        !lacks_a_crate,
        "{stderr}\nDependencies of this test are not on this machine, and cannot be downloaded now: run `cargo fetch` in {} once, with a network.",
        root().display()
    );
    Run {
        code: output.status.code(),
        stdout,
        stderr,
    }
}

/// Where compiled projects go.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fresh-projects/target")
}
