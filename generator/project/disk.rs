//! What is in a project's folder now: read without following a link out of it, and without waiting for a pipe.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::output::WriteError;

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Nothing,
    /// A file, with its contents.
    File(Vec<u8>),
    /// What wsgen neither reads nor replaces, in words such as `a symbolic link`.
    Other(String),
}

/// What is in a project's folder, as far as it was looked at.
#[derive(Debug, Default)]
pub struct Snapshot {
    entries: BTreeMap<String, Entry>,
}

impl Snapshot {
    /// Looks at `paths` below `root`.
    ///
    /// # Errors
    /// When the system does not let it look.
    pub fn take<'p>(
        root: &Path,
        paths: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, WriteError> {
        let entries = paths
            .into_iter()
            .map(|path| Ok((path.to_owned(), look(root, path)?)));
        Ok(Self {
            entries: entries.collect::<Result<_, WriteError>>()?,
        })
    }

    /// What is said to be there.
    #[cfg(test)]
    pub(super) fn of<const N: usize>(entries: [(&str, Entry); N]) -> Self {
        Self {
            entries: entries.map(|(path, entry)| (path.to_owned(), entry)).into(),
        }
    }

    /// What is at `path`; nothing where it was not looked at.
    #[must_use]
    pub fn at(&self, path: &str) -> &Entry {
        self.entries.get(path).unwrap_or(&Entry::Nothing)
    }

    /// All that was looked at, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }
}

/// Looks at one path below `root`.
///
/// # Errors
/// When the system does not let it look.
pub fn look(root: &Path, path: &str) -> Result<Entry, WriteError> {
    if let Some((parents, _)) = path.rsplit_once('/') {
        let mut above = PathBuf::new();
        for part in parents.split('/') {
            above.push(part);
            if let Some(entry) = look_above(root, &above)? {
                return Ok(entry);
            }
        }
    }
    let whole = root.join(path);
    let Some(metadata) = metadata(&whole)? else {
        return Ok(Entry::Nothing);
    };
    let kind = metadata.file_type();
    Ok(if kind.is_file() {
        Entry::File(fs::read(&whole).map_err(WriteError::io("read", &whole))?)
    } else if kind.is_symlink() {
        Entry::Other("a symbolic link".to_owned())
    } else if kind.is_dir() {
        Entry::Other("a folder".to_owned())
    } else {
        Entry::Other("no regular file".to_owned())
    })
}

/// What follows for everything below a folder, unless it is an ordinary one.
fn look_above(root: &Path, above: &Path) -> Result<Option<Entry>, WriteError> {
    let whole = root.join(above);
    let Some(metadata) = metadata(&whole)? else {
        return Ok(Some(Entry::Nothing));
    };
    let shown = above.display();
    if metadata.file_type().is_symlink() {
        let inside = match (whole.canonicalize(), root_of(root).canonicalize()) {
            (Ok(target), Ok(root)) => target.starts_with(root) && target.is_dir(),
            _ => false,
        };
        return Ok((!inside).then(|| {
            Entry::Other(format!(
                "below `{shown}`, a symbolic link that leads out of the project"
            ))
        }));
    }
    Ok((!metadata.is_dir()).then(|| Entry::Other(format!("below `{shown}`, which is no folder"))))
}

/// All paths below a folder of the project, in order; links are not followed, hidden folders and `target` left out.
///
/// # Errors
/// When the system does not let it look.
pub fn paths_below(root: &Path, folder: &str) -> Result<Vec<String>, WriteError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let whole = root.join(&folder);
        let entries = match fs::read_dir(&whole) {
            Ok(entries) => entries,
            Err(error) if missing(&error) => continue,
            Err(error) => return Err(WriteError::io("read", &whole)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(WriteError::io("read", &whole))?;
            // A name that is no text is none of ours.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = format!("{folder}/{name}");
            match is_folder {
                true if name.starts_with('.') || name == "target" => {}
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `root`, which is empty for the working directory.
pub(super) fn root_of(root: &Path) -> &Path {
    match root.as_os_str().is_empty() {
        true => Path::new("."),
        false => root,
    }
}

fn metadata(path: &Path) -> Result<Option<fs::Metadata>, WriteError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if missing(&error) => Ok(None),
        Err(error) => Err(WriteError::io("look at", path)(error)),
    }
}

fn missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
