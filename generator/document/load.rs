//! Getting the bytes of a file, and refusing those that a document has no business with.

use std::fmt;
use std::path::{Path, PathBuf};

/// More text than this, in all files of a run together, is refused: a document of a thousand channels has less than 1 MB.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Gets the bytes of the files that a document consists of.
pub trait Loader {
    /// The content of the file at `path`: the path that the run was started with, or that joined with a reference.
    ///
    /// # Errors
    /// When the file cannot be read, or may not be.
    fn load(&self, path: &Path) -> Result<Vec<u8>, LoadError>;
}

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// It is outside the folders that may be read.
    Outside,
    /// It is larger than 8 MiB, or brings all files together beyond that.
    TooLarge,
    /// The system says no, in these words.
    Unreadable(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Outside => f.write_str("it is outside the folder of the document"),
            LoadError::TooLarge => write!(f, "more than {} MiB of text", MAX_BYTES / 1024 / 1024),
            LoadError::Unreadable(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for LoadError {}

/// Reads the entry document wherever it is, and other files only in its folder and in the folders that were allowed.
#[derive(Debug)]
pub struct FileSystem {
    entry: PathBuf,
    /// Canonical folders: symbolic links cannot lead out of them.
    roots: Vec<PathBuf>,
}

impl FileSystem {
    /// For the document at `entry`, or on standard input where that is `-`, and further folders with files that it refers to.
    ///
    /// A folder that does not exist allows nothing.
    pub fn new(entry: &Path, allowed: &[PathBuf]) -> FileSystem {
        let folder = entry
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let roots = std::iter::once(folder).chain(allowed.iter().map(PathBuf::as_path));
        FileSystem {
            entry: entry.to_owned(),
            roots: roots.filter_map(|root| root.canonicalize().ok()).collect(),
        }
    }
}

impl Loader for FileSystem {
    fn load(&self, path: &Path) -> Result<Vec<u8>, LoadError> {
        if path == self.entry {
            return if path == Path::new("-") {
                read(std::io::stdin().lock())
            } else {
                read(open(path)?)
            };
        }
        let real = path.canonicalize().map_err(unreadable)?;
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            return Err(LoadError::Outside);
        }
        if !real.is_file() {
            return Err(LoadError::Unreadable("it is not a regular file".to_owned()));
        }
        read(open(&real)?)
    }
}

fn open(path: &Path) -> Result<std::fs::File, LoadError> {
    std::fs::File::open(path).map_err(unreadable)
}

/// Reads to the end, but never much more than is allowed.
fn read(input: impl std::io::Read) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut input.take(MAX_BYTES as u64 + 1), &mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > MAX_BYTES {
        Err(LoadError::TooLarge)
    } else {
        Ok(bytes)
    }
}

/// The system's words without its error number.
fn unreadable(error: std::io::Error) -> LoadError {
    let text = error.to_string();
    let reason = text.split(" (os error").next().unwrap_or(&text);
    LoadError::Unreadable(reason.to_lowercase())
}
