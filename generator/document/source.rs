//! All files of a run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::file::SourceFile;
use super::load::{LoadError, Loader, MAX_BYTES};
use super::node::Node;
use super::reference::Reference;
use crate::diagnostic::Diagnostics;
use crate::place::FileId;

/// More files than this are not looked at.
const MAX_FILES: usize = 1_000;

/// The files of a run: the document and every file that a reference in one of them names.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    by_path: HashMap<PathBuf, FileId>,
}

impl Sources {
    /// Loads the document at `entry` and every file that it refers to, directly or not.
    ///
    /// What is wrong with the document itself is reported; what is wrong with another file is kept, to be
    /// reported where that file is needed.
    pub fn load(entry: &Path, loader: &dyn Loader, diagnostics: &mut Diagnostics) -> Sources {
        let mut sources = Sources::default();
        let mut budget = MAX_BYTES;
        sources.add(entry.to_owned(), loader, &mut budget);
        let mut next = 0;
        while let Some(file) = sources.files.get(next) {
            for path in file.referenced_paths() {
                if !sources.by_path.contains_key(&path) && sources.files.len() < MAX_FILES {
                    sources.add(path, loader, &mut budget);
                }
            }
            next += 1;
        }
        sources.files[0].report_faults(None, diagnostics);
        sources
    }

    /// Takes a document from memory; its references to other files lead nowhere.
    pub fn from_text(
        name: &str,
        text: impl Into<Vec<u8>>,
        diagnostics: &mut Diagnostics,
    ) -> Sources {
        struct Memory(Vec<u8>, PathBuf);
        impl Loader for Memory {
            fn load(&self, path: &Path) -> Result<Vec<u8>, LoadError> {
                let alone = || {
                    LoadError::Unreadable(
                        "a document from memory has no files beside it".to_owned(),
                    )
                };
                if path == self.1 {
                    Ok(self.0.clone())
                } else {
                    Err(alone())
                }
            }
        }
        let entry = PathBuf::from(name);
        Sources::load(&entry.clone(), &Memory(text.into(), entry), diagnostics)
    }

    /// The value of the document, unless it could not be read.
    pub fn root(&self) -> Option<Node<'_>> {
        self.files.first().and_then(SourceFile::root)
    }

    /// The files that were read, the document first: a change in one of them can change the output.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files
            .iter()
            .filter(|file| !file.is_unread())
            .map(SourceFile::path)
    }

    /// All files, the document first.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// The file with this number.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.position()]
    }

    /// The file that a reference in `from` names.
    pub fn referenced(&self, from: &SourceFile, reference: Reference<'_>) -> Option<&SourceFile> {
        let id = if reference.file.is_empty() {
            from.id()
        } else {
            *self.by_path.get(&from.beside(reference))?
        };
        Some(self.file(id))
    }

    fn add(&mut self, path: PathBuf, loader: &dyn Loader, budget: &mut usize) {
        let content = loader.load(&path).and_then(|bytes| {
            *budget = budget.checked_sub(bytes.len()).ok_or(LoadError::TooLarge)?;
            Ok(bytes)
        });
        let id = FileId::after(self.files.len());
        self.by_path.insert(path.clone(), id);
        self.files.push(SourceFile::new(id, path, content));
    }
}
