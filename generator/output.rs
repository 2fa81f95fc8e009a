//! Files of a project: what is planned, and how it reaches the disk whole or not at all.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Where, below the project's folder, with `/` between the parts.
    pub path: String,
    /// What it says.
    pub contents: Vec<u8>,
    /// Who may change it.
    pub ownership: Ownership,
}

/// Who may change a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// wsgen: rewritten by every run.
    Generated,
    /// The user: written once, never touched again.
    User,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum WriteError {
    /// The folder has files already.
    NotEmpty(PathBuf),
    /// There is something else than a folder.
    NotAFolder(PathBuf),
    /// A file was changed by somebody else while wsgen was at work.
    Changed(PathBuf),
    /// The system says no.
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// Writes a new project: into a folder beside `folder` first, which then takes its place.
///
/// # Errors
/// When `folder` is there and not empty, or the disk does not take the files; nothing is left behind then.
pub fn create(folder: &Path, files: &[OutputFile]) -> Result<(), WriteError> {
    check_vacant(folder)?;
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(WriteError::io("create", parent))?;
    // Dropped on every way out, and with it what was written so far.
    let stage = tempfile::Builder::new()
        .prefix(".wsgen-")
        .tempdir_in(parent)
        .map_err(WriteError::io("create a folder in", parent))?;
    let parents = files.iter().map(|file| Path::new(&file.path).parent());
    let folders: BTreeSet<&Path> = parents.flatten().collect();
    for folder in folders {
        let folder = stage.path().join(folder);
        fs::create_dir_all(&folder).map_err(WriteError::io("create", &folder))?;
    }
    for file in files {
        write_new(&stage.path().join(&file.path), &file.contents)?;
    }
    open_permissions(stage.path())
        .map_err(WriteError::io("set the permissions of", stage.path()))?;
    fs::rename(stage.path(), folder).map_err(WriteError::io("create", folder))?;
    // The folder is where it belongs now: nothing is left to clean up at its old place.
    let _moved = stage.keep();
    Ok(())
}

/// Checks that a project can be written to `folder`.
///
/// # Errors
/// When there is something already.
pub fn check_vacant(folder: &Path) -> Result<(), WriteError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(WriteError::NotEmpty(folder.to_owned())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(WriteError::NotAFolder(folder.to_owned()))
        }
        Err(error) => Err(WriteError::io("read", folder)(error)),
    }
}

fn write_new(path: &Path, contents: &[u8]) -> Result<(), WriteError> {
    let mut file = fs::File::create_new(path).map_err(WriteError::io("create", path))?;
    file.write_all(contents)
        .map_err(WriteError::io("write", path))
}

/// A temporary folder is for its owner alone; a project is as open as the user's other folders.
#[cfg(unix)]
fn open_permissions(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let like = folder.join("src");
    let mode = fs::metadata(if like.exists() { &like } else { folder })?
        .permissions()
        .mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_permissions(_folder: &Path) -> io::Result<()> {
    Ok(())
}

impl WriteError {
    /// Tells what was tried, and on what.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
        let path = path.to_owned();
        move |error| WriteError::Io {
            action,
            path,
            error,
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEmpty(path) => write!(
                f,
                "`{}` is not empty: name a new folder, or run `wsgen generate` inside a project",
                path.display()
            ),
            Self::NotAFolder(path) => write!(f, "`{}` is not a folder", path.display()),
            Self::Changed(path) => write!(
                f,
                "`{}` was changed meanwhile, so nothing was written: run wsgen again",
                path.display()
            ),
            Self::Io {
                action,
                path,
                error,
            } => write!(f, "cannot {action} `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for WriteError {}
