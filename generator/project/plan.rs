//! What a run would do to the files of a project: decided from what is there, before anything is touched.

use std::collections::BTreeSet;

use super::disk::{Entry, Snapshot};
use super::lock::{Digest, Lock, with_newlines};
use crate::output::OutputFile;

/// The folder in which every file is wsgen's, or in its way.
pub const GENERATED: &str = "src/generated";

/// What a run does.
#[derive(Debug, Default)]
pub struct Plan {
    /// The files that change, in the order in which they do.
    pub changes: Vec<Change>,
    /// The files that stay as they are although they are not what is generated.
    pub kept: Vec<Kept>,
    /// The record once everything is done.
    pub lock: Lock,
}

/// One file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Below the project's folder, with `/` between the parts.
    pub path: String,
    /// What it says now; `None` where it is created.
    pub before: Option<Vec<u8>>,
    /// What it will say; `None` where it is removed.
    pub after: Option<Vec<u8>>,
}

/// A file that is not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Below the project's folder.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why a file is not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was generated, and then edited by hand.
    Edited,
    /// It is among the generated files, and no run wrote it.
    Foreign,
}

/// Something else than a file where a file has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Below the project's folder.
    pub path: String,
    /// What is there, such as `a symbolic link`.
    pub what: String,
}

/// Decides about the generated files: those of the run, those that are recorded, and all others in [`GENERATED`].
///
/// `disk` holds all of them. What was edited by hand is replaced only by `force`.
///
/// # Errors
/// All that is in the way.
pub fn plan(
    files: &[OutputFile],
    disk: &Snapshot,
    lock: &Lock,
    force: bool,
) -> Result<Plan, Vec<Obstacle>> {
    let mut plan = Plan::default();
    let mut obstacles = Vec::new();
    for file in files {
        let contents = match disk.at(&file.path) {
            Entry::Other(what) => {
                obstacles.push(Obstacle {
                    path: file.path.clone(),
                    what: what.clone(),
                });
                continue;
            }
            Entry::Nothing => None,
            Entry::File(contents) => Some(contents),
        };
        match contents {
            Some(now) if with_newlines(now) == with_newlines(&file.contents) => {}
            Some(now) if !force && !is_recorded(lock, &file.path, now) => {
                plan.keep(&file.path, Why::Edited, lock);
                continue;
            }
            now => plan.changes.push(Change {
                path: file.path.clone(),
                before: now.cloned(),
                after: Some(file.contents.clone()),
            }),
        }
        let digest = Digest::of(&file.contents);
        plan.lock
            .generated
            .insert(file.path.clone(), [digest].into());
    }
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let below = format!("{GENERATED}/");
    for (path, entry) in disk.iter().filter(|(path, _)| !wanted.contains(path)) {
        if path.starts_with(&below) || lock.generated.contains_key(path) {
            plan.leftover(path, entry, lock, force);
        }
    }
    plan.changes.sort_by(|one, other| one.path.cmp(&other.path));
    match obstacles.is_empty() {
        true => Ok(plan),
        false => Err(obstacles),
    }
}

impl Plan {
    /// Decides about a file that is generated no more, or never was.
    fn leftover(&mut self, path: &str, entry: &Entry, lock: &Lock, force: bool) {
        let now = match entry {
            Entry::Nothing => return,
            Entry::Other(_) => return self.keep(path, Why::Foreign, lock),
            Entry::File(contents) => contents,
        };
        let ours = lock.generated.contains_key(path) || has_header(now);
        match (ours, force || is_recorded(lock, path, now)) {
            (false, _) => self.keep(path, Why::Foreign, lock),
            (true, false) => self.keep(path, Why::Edited, lock),
            (true, true) => self.changes.push(Change {
                path: path.to_owned(),
                before: Some(now.clone()),
                after: None,
            }),
        }
    }

    /// Leaves a file, and its record, as it is.
    fn keep(&mut self, path: &str, why: Why, lock: &Lock) {
        let record = lock.generated.get_key_value(path);
        self.lock
            .generated
            .extend(record.map(|(path, digests)| (path.clone(), digests.clone())));
        self.kept.push(Kept {
            path: path.to_owned(),
            why,
        });
    }

    /// The record while files are being replaced: of each, what it said and what it will say are both wsgen's.
    #[must_use]
    pub fn lock_meanwhile(&self, before: &Lock) -> Lock {
        let mut lock = before.clone();
        for (path, digests) in &self.lock.generated {
            let known = lock.generated.entry(path.clone()).or_default();
            known.extend(digests.iter().cloned());
        }
        lock
    }

    /// Whether files were edited by hand, which stands between the project and its document.
    #[must_use]
    pub fn has_edited(&self) -> bool {
        self.kept.iter().any(|kept| kept.why == Why::Edited)
    }
}

fn is_recorded(lock: &Lock, path: &str, contents: &[u8]) -> bool {
    lock.generated
        .get(path)
        .is_some_and(|digests| digests.contains(&Digest::of(contents)))
}

fn has_header(contents: &[u8]) -> bool {
    contents.starts_with(b"// @generated by wsgen")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Ownership;

    const PATH: &str = "src/generated/a.rs";
    const HEADER: &str = "// @generated by wsgen from a.yaml. Do not edit.\n";

    fn file(contents: &str) -> OutputFile {
        OutputFile {
            path: PATH.to_owned(),
            contents: contents.as_bytes().to_vec(),
            ownership: Ownership::Generated,
        }
    }

    fn recorded(contents: &str) -> Lock {
        Lock::new(&[file(contents)], [])
    }

    /// What happens to one path: `+`, `~`, `-`, `=`, `edited`, `foreign`, or what is in the way.
    fn outcome(wanted: Option<&str>, entry: Entry, lock: &Lock, force: bool) -> String {
        let files: Vec<OutputFile> = wanted.map(file).into_iter().collect();
        let disk = Snapshot::of([(PATH, entry)]);
        let plan = match plan(&files, &disk, lock, force) {
            Ok(plan) => plan,
            Err(obstacles) => return obstacles[0].what.clone(),
        };
        match (plan.changes.as_slice(), plan.kept.as_slice()) {
            ([], []) => "=".to_owned(),
            ([], [kept]) => format!("{:?}", kept.why).to_lowercase(),
            ([change], []) => match (&change.before, &change.after) {
                (None, _) => "+".to_owned(),
                (_, None) => "-".to_owned(),
                _ => "~".to_owned(),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_case_has_its_outcome() {
        let old = format!("{HEADER}old");
        let new = format!("{HEADER}new");
        let edited = format!("{HEADER}edited");
        let on_disk = |text: &str| Entry::File(text.as_bytes().to_vec());
        let link = || Entry::Other("a symbolic link".to_owned());
        let none = Lock::default();
        let lock = recorded(&old);
        let mut midway = recorded(&old);
        midway
            .generated
            .get_mut(PATH)
            .unwrap()
            .insert(Digest::of(new.as_bytes()));
        let cases = [
            // wanted, on disk, record, without force, with force
            (Some(&new), Entry::Nothing, &none, "+", "+"),
            (Some(&new), Entry::Nothing, &lock, "+", "+"),
            (Some(&new), on_disk(&new), &none, "=", "="),
            (
                Some(&new),
                on_disk(&new.replace('\n', "\r\n")),
                &lock,
                "=",
                "=",
            ),
            (Some(&new), on_disk(&old), &lock, "~", "~"),
            (
                Some(&new),
                on_disk(&old.replace('\n', "\r\n")),
                &lock,
                "~",
                "~",
            ),
            (Some(&new), on_disk(&edited), &lock, "edited", "~"),
            (Some(&new), on_disk(&old), &none, "edited", "~"),
            (Some(&new), on_disk("mine"), &none, "edited", "~"),
            (Some(&new), on_disk(&old), &midway, "~", "~"),
            (Some(&old), on_disk(&new), &midway, "~", "~"),
            (
                Some(&new),
                link(),
                &lock,
                "a symbolic link",
                "a symbolic link",
            ),
            (None, Entry::Nothing, &lock, "=", "="),
            (None, on_disk(&old), &lock, "-", "-"),
            (None, on_disk(&new), &midway, "-", "-"),
            (None, on_disk(&edited), &lock, "edited", "-"),
            (None, on_disk("edited"), &lock, "edited", "-"),
            (None, on_disk(&edited), &none, "edited", "-"),
            (None, on_disk("mine"), &none, "foreign", "foreign"),
            (None, link(), &none, "foreign", "foreign"),
        ];
        for (wanted, entry, lock, gently, forced) in cases {
            let wanted = wanted.map(String::as_str);
            for (force, expected) in [(false, gently), (true, forced)] {
                let got = outcome(wanted, entry.clone(), lock, force);
                assert_eq!(
                    got, expected,
                    "{wanted:?} {entry:?} {lock:?} force: {force}"
                );
            }
        }
    }

    #[test]
    fn the_record_of_an_edited_file_stays() {
        let lock = recorded("old");
        let disk = Snapshot::of([(PATH, Entry::File(b"edited".to_vec()))]);
        let plan = plan(&[file("new")], &disk, &lock, false).unwrap();
        assert_eq!(plan.lock, lock);
        assert_eq!(plan.lock_meanwhile(&lock), lock);
    }
}
