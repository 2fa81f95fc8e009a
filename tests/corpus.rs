//! Documents that other people wrote, where they are at hand: each becomes a project or is refused with a place.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use wsgen::diagnostic::{Diagnostics, Severity};
use wsgen::scaffold::{Project, documents, scaffold};
use wsgen::{Options, Perspective};

use crate::support::{load, root, settings};

#[test]
fn every_document_becomes_a_project_or_is_refused_with_a_place() {
    let Some(entries) = entries() else {
        println!("skipped: there is no corpus beside the project");
        return;
    };
    let mut faults = Vec::new();
    for perspective in [Perspective::Server, Perspective::Client] {
        let mut generated = 0;
        for entry in &entries {
            match catch_unwind(|| generate(entry, perspective)) {
                Ok(Ok(true)) => generated += 1,
                Ok(Ok(false)) => {}
                Ok(Err(fault)) => faults.push(format!("{}: {fault}", entry.display())),
                Err(_) => faults.push(format!("{}: it panicked", entry.display())),
            }
        }
        println!(
            "{perspective:?}: {generated} of {} documents generate",
            entries.len()
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Whether a project comes of a document; what is wrong with the way it is refused, if anything.
fn generate(entry: &Path, perspective: Perspective) -> Result<bool, String> {
    let mut diagnostics = Diagnostics::new();
    let sources = load(entry, &mut diagnostics);
    let options = Options {
        perspective,
        ..Options::default()
    };
    match wsgen::generate(&sources, &options, "asyncapi.yaml") {
        Ok(output) => {
            let project = Project {
                document: documents(&sources).entry,
                ..settings("corpus")
            };
            scaffold(&output.service, &project, &options).map_err(|error| error.to_string())?;
            Ok(true)
        }
        Err(errors) => {
            diagnostics.merge(errors);
            let located = diagnostics
                .iter()
                .filter(|found| found.severity == Severity::Error)
                .all(|found| found.location.is_some());
            match diagnostics.has_errors() && located {
                true => Ok(false),
                false => Err("it is refused without saying where".to_owned()),
            }
        }
    }
}

/// The documents by the corpus's own list; `None` where there is no corpus.
pub fn entries() -> Option<Vec<PathBuf>> {
    let corpus = root().parent()?.join("shared/corpus");
    let index = fs::read_to_string(corpus.join("index.tsv")).ok()?;
    let files = index
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next());
    Some(files.map(|file| corpus.join("docs").join(file)).collect())
}
