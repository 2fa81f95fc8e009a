//! A plan reaches the disk: everything is written beside the project's files first, then put in place by renaming.
//!
//! A kill at any moment leaves each file as it was or as it will be, and `wsgen.lock` knows both of them meanwhile: the
//! next run finishes the work. See `docs/adr/0004-the-lock-is-the-journal.md`.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::disk::{Entry, look, root_of};
use super::lock::{LOCK, Lock};
use super::plan::{Change, Plan};
use crate::output::WriteError;

/// Where new contents wait, below the project's folder; gone when a run is over.
pub const STAGING: &str = ".wsgen-staging";

/// Whether there is anything to apply.
#[must_use]
pub fn is_due(plan: &Plan, recorded: Option<&Lock>) -> bool {
    !plan.changes.is_empty() || recorded != Some(&plan.lock)
}

/// Does what a plan says to the project in `root`, which nobody else changes meanwhile; nothing where nothing is due.
///
/// `recorded` is what `wsgen.lock` says now. `before_step` is called before every change to the disk, for who wants
/// to see what happens if there is no next one.
///
/// # Errors
/// When a file is not what it was when the plan was made, or the disk does not take the files. Before the first rename
/// nothing has changed; after it, the next run finishes.
pub fn apply(
    root: &Path,
    plan: &Plan,
    recorded: Option<&Lock>,
    before_step: &mut dyn FnMut(),
) -> Result<(), WriteError> {
    let staging = root.join(STAGING);
    // Of a run that was killed.
    discard(&staging)?;
    if !is_due(plan, recorded) {
        return Ok(());
    }
    let result = stage_and_rename(root, &staging, plan, recorded, before_step);
    // What could not be staged, or was not needed in the end.
    let discarded = discard(&staging);
    result.and(discarded)
}

fn stage_and_rename(
    root: &Path,
    staging: &Path,
    plan: &Plan,
    recorded: Option<&Lock>,
    before_step: &mut dyn FnMut(),
) -> Result<(), WriteError> {
    before_step();
    fs::create_dir(staging).map_err(WriteError::io("create", staging))?;
    let mut stage = |name: &str, target: &str, contents: &[u8]| -> Result<PathBuf, WriteError> {
        before_step();
        let staged = staging.join(name);
        write_through(&staged, contents, &root.join(target))?;
        Ok(staged)
    };
    let meanwhile = plan.lock_meanwhile(&recorded.cloned().unwrap_or_default());
    let meanwhile = stage("meanwhile", LOCK, meanwhile.to_toml().as_bytes())?;
    let done = stage("done", LOCK, plan.lock.to_toml().as_bytes())?;
    let mut staged = Vec::new();
    for (number, change) in plan.changes.iter().enumerate() {
        staged.push(match &change.after {
            Some(after) => Some(stage(&number.to_string(), &change.path, after)?),
            None => None,
        });
    }
    for change in &plan.changes {
        check_unchanged(root, change)?;
    }
    before_step();
    put(root, &meanwhile, LOCK)?;
    sync_folder(root_of(root));
    let mut folders = BTreeSet::new();
    for (change, staged) in plan.changes.iter().zip(&staged) {
        before_step();
        let target = root.join(&change.path);
        match staged {
            Some(staged) => put(root, staged, &change.path)?,
            None => fs::remove_file(&target).map_err(WriteError::io("remove", &target))?,
        }
        folders.extend(target.parent().map(Path::to_owned));
    }
    // The record says that all is done only once all is.
    for folder in &folders {
        sync_folder(folder);
    }
    before_step();
    put(root, &done, LOCK)?;
    before_step();
    Ok(())
}

/// Writes a file that will take the place of `target`, with the permissions that it has, and waits for the disk.
fn write_through(path: &Path, contents: &[u8], target: &Path) -> Result<(), WriteError> {
    let mut file = fs::File::create_new(path).map_err(WriteError::io("create", path))?;
    let written = file.write_all(contents).and_then(|()| file.sync_all());
    written.map_err(WriteError::io("write", path))?;
    match fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_file() => fs::set_permissions(path, metadata.permissions())
            .map_err(WriteError::io("set the permissions of", path)),
        _ => Ok(()),
    }
}

fn check_unchanged(root: &Path, change: &Change) -> Result<(), WriteError> {
    let expected = change.before.clone().map_or(Entry::Nothing, Entry::File);
    match look(root, &change.path)? == expected {
        true => Ok(()),
        false => Err(WriteError::Changed(root.join(&change.path))),
    }
}

fn put(root: &Path, staged: &Path, path: &str) -> Result<(), WriteError> {
    let target = root.join(path);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(root_of(parent)).map_err(WriteError::io("create", parent))?;
    }
    fs::rename(staged, &target).map_err(WriteError::io("write", &target))
}

fn discard(staging: &Path) -> Result<(), WriteError> {
    match fs::remove_dir_all(staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(WriteError::io("remove", staging)(error))
        }
        _ => Ok(()),
    }
}

/// Makes renames last through a power failure, where the system can; without it they only happen later.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
