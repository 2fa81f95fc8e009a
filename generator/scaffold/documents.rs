//! Where the document and the files that it refers to come to lie in the project.

use std::path::{Component, Path, PathBuf};

use crate::document::Sources;
use crate::output::{OutputFile, Ownership};

/// The documents of a project.
#[derive(Debug)]
pub struct Documents {
    /// The path of the document itself, below the project's folder.
    pub entry: String,
    /// Folders that hold files which the document refers to, unless all are in its own.
    pub allow_ref_roots: Vec<String>,
    /// All files, the document first.
    pub files: Vec<OutputFile>,
}

/// A lone document becomes `asyncapi.yaml` (or `.json`); one with other files keeps its place among them, below `asyncapi/`.
#[must_use]
pub fn documents(sources: &Sources) -> Documents {
    let files: Vec<(&Path, &str)> = sources
        .files()
        .filter(|file| file.root().is_some())
        .map(|file| (file.path(), file.text()))
        .collect();
    let paths: Vec<String> = match files.as_slice() {
        [(path, _)] => vec![format!(
            "asyncapi.{}",
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                "json"
            } else {
                "yaml"
            }
        )],
        several => below_common_folder(&several.iter().map(|(path, _)| *path).collect::<Vec<_>>()),
    };
    let contents = files
        .iter()
        .zip(&paths)
        .map(|((_, text), path)| OutputFile {
            path: path.clone(),
            contents: text.as_bytes().to_vec(),
            ownership: Ownership::User,
        });
    let entry = paths.first().cloned();
    let entry = entry.unwrap_or_else(|| "asyncapi.yaml".to_owned());
    let own = entry.rsplit_once('/').map_or("", |(folder, _)| folder);
    let elsewhere = paths.iter().any(|path| !Path::new(path).starts_with(own));
    Documents {
        allow_ref_roots: elsewhere
            .then(|| DOCUMENTS.to_owned())
            .into_iter()
            .collect(),
        entry,
        files: contents.collect(),
    }
}

/// The folder of a document that has other files with it.
const DOCUMENTS: &str = "asyncapi";

/// The paths as they lie to each other.
fn below_common_folder(paths: &[&Path]) -> Vec<String> {
    let absolute: Vec<PathBuf> = paths.iter().map(|path| normal(path)).collect();
    let mut common: PathBuf = absolute
        .first()
        .and_then(|path| path.parent())
        .map(Path::to_owned)
        .unwrap_or_default();
    while !absolute.iter().all(|path| path.starts_with(&common)) {
        common.pop();
    }
    absolute
        .iter()
        .map(|path| {
            format!(
                "{DOCUMENTS}/{}",
                path.strip_prefix(&common)
                    .unwrap_or(path)
                    .to_string_lossy()
                    .replace('\\', "/")
            )
        })
        .collect()
}

/// The path without `.` and, where that can be told, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
