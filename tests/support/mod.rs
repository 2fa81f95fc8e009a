//! What several modules need.

pub mod client;
pub mod command;
pub mod running;
pub mod twin;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wsgen::Options;
use wsgen::diagnostic::{Diagnostics, render_human};
use wsgen::document::{FileSystem, Sources};
use wsgen::output::OutputFile;
use wsgen::project::new_files;
use wsgen::scaffold::{Project, Runtime, documents};

/// Longer than anything here takes, shorter than patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fails a test that hangs.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("this should not take so long")
}

/// The folder of this project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads a document as the command line does.
pub fn load(path: &Path, diagnostics: &mut Diagnostics) -> Sources {
    Sources::load(path, &FileSystem::new(path, &[]), diagnostics)
}

/// A project called `package` that is a member of a workspace, with the runtime of this one.
pub fn settings(package: &str) -> Project {
    Project {
        package: package.to_owned(),
        runtime: Runtime::Path(root().join("runtime").to_string_lossy().into_owned()),
        standalone: false,
        minimal: true,
        document: "asyncapi.yaml".to_owned(),
        build_script: None,
        allow_ref_roots: Vec::new(),
    }
}

/// All files that `wsgen init` makes of the document at `path`, and what it understood.
pub fn project(path: &Path, project: &Project) -> (wsgen::Output, Vec<OutputFile>) {
    project_with(path, project, &Options::default())
}

/// The same, by these options.
pub fn project_with(
    path: &Path,
    project: &Project,
    options: &Options,
) -> (wsgen::Output, Vec<OutputFile>) {
    let mut diagnostics = Diagnostics::new();
    let sources = load(path, &mut diagnostics);
    let documents = documents(&sources);
    let mut output = wsgen::generate(&sources, options, &documents.entry)
        .unwrap_or_else(|errors| panic!("{}", render_human(&errors, &sources, false)));
    let generated = std::mem::take(&mut output.files);
    let mut files = new_files(generated, &output.service, project, options).unwrap();
    files.extend(documents.files);
    (output, files)
}

/// All files below `folder`, relative to it, in order; folders named `target` are left out.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("target") => {}
                true => folders.push(path),
                false => found.push(path.strip_prefix(folder).unwrap().to_owned()),
            }
        }
    }
    found.sort();
    found
}

/// An empty workspace of projects, with this workspace's versions of everything.
///
/// Its `target` is kept from run to run.
pub fn fresh_workspace(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let projects = workspace.join("projects");
    if projects.exists() {
        fs::remove_dir_all(&projects).unwrap();
    }
    fs::create_dir_all(&projects).unwrap();
    let manifest =
        "[workspace]\nmembers = [\"projects/*\"]\nresolver = \"3\"\n\n[profile.dev]\ndebug = 0\n";
    fs::write(workspace.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root().join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    workspace
}

/// Writes the files of a project into `folder`.
pub fn write_files(folder: &Path, files: impl IntoIterator<Item = OutputFile>) {
    for file in files {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.contents).unwrap();
    }
}

/// Runs Cargo, which must not fail.
pub fn cargo(workspace: &Path, arguments: &[&str]) {
    let run = command::cargo(workspace, arguments);
    let said = [run.stdout, run.stderr].concat();
    assert_eq!(run.code, Some(0), "cargo {}\n{said}", arguments.join(" "));
}
