//! `wsgen watch`: a project follows its document as it is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;
use wsgen::project;

use super::generate::{Generation, View};
use super::report::{Output, counted};

/// Generate whenever the document changes, or a file that it refers to; Ctrl-C ends it.
#[derive(Args, Debug)]
pub(super) struct Watch {
    #[command(flatten)]
    generation: Generation,
}

/// How often files are looked at. Looking at a few of them costs microseconds, and unlike the system's notifications it
/// works for editors that replace files, in containers and on network drives.
const INTERVAL: Duration = Duration::from_millis(150);

/// What tells that a file has changed: when it was written, and its size; `None` while it is not there.
type State = Option<(SystemTime, u64)>;

impl Watch {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        if self.generation.reads_standard_input() {
            return output.error("standard input cannot be watched: name a file");
        }
        let root = match project::find() {
            Ok(root) => root,
            Err(error) => return output.error(&error.to_string()),
        };
        let mut known = BTreeMap::new();
        loop {
            // Taken before the files are read, so that a change meanwhile is not missed.
            let before = states(known.into_keys());
            let round = self.generation.once(&root, View::default(), output);
            known = states(round.read);
            for (path, state) in &mut known {
                if let Some(before) = before.get(path) {
                    *state = *before;
                }
            }
            let files = counted(known.len(), "file");
            output.tell(&format!("watching {files}; Ctrl-C ends\n"));
            wait_for_change(&known);
        }
    }
}

/// Waits until a file changes, and then until none does any more: editors write in several steps.
fn wait_for_change(known: &BTreeMap<PathBuf, State>) {
    let look = || {
        thread::sleep(INTERVAL);
        states(known.keys().cloned())
    };
    let mut now = look();
    while now == *known {
        now = look();
    }
    loop {
        let next = look();
        if next == now {
            return;
        }
        now = next;
    }
}

fn states(paths: impl IntoIterator<Item = PathBuf>) -> BTreeMap<PathBuf, State> {
    let paths = paths.into_iter();
    paths
        .map(|path| {
            let state = state(&path);
            (path, state)
        })
        .collect()
}

fn state(path: &Path) -> State {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
