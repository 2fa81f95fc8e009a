//! `wsgen init`: a project from a document.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use wsgen::Options;
use wsgen::diagnostic::Diagnostics;
use wsgen::document::Sources;
use wsgen::model::Service;
use wsgen::naming::{file_name, is_keyword};
use wsgen::output::{self, OutputFile, Ownership};
use wsgen::project::new_files;
use wsgen::scaffold::{Documents, Project, documents};

use super::arguments::Input;
use super::report::Output;
use super::{inspect, workspace};

/// Scaffold a project: generated code, stubs for your handlers, config, tests.
#[derive(Args, Debug)]
pub(super) struct Init {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    target: Target,
}

/// Where a new project comes to lie, and what is in it.
#[derive(Args, Debug)]
pub(super) struct Target {
    /// Where to write the project [default: the document's title in kebab case].
    dir: Option<PathBuf>,
    /// The name of the package [default: the name of the folder].
    #[arg(long)]
    name: Option<String>,
    /// Leave out the files for containers and CI.
    #[arg(long)]
    minimal: bool,
    /// Generate a typed client as well.
    #[arg(long)]
    client: bool,
    /// Generate the code into `OUT_DIR` by a `build.rs`, not into `src/generated`.
    #[arg(long)]
    build_rs: bool,
    /// Take wsgen-runtime from this folder.
    #[arg(long, value_name = "DIR")]
    runtime_path: Option<PathBuf>,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Init {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let mut diagnostics = Diagnostics::new();
        let sources = self.input.load(&mut diagnostics);
        let stem = self.input.spec.file_stem();
        let spec = Spec {
            sources: &sources,
            options: self.input.options(),
            stem: stem.map_or_else(|| "server".into(), |stem| stem.to_string_lossy()),
        };
        self.target.write(&spec, diagnostics, output)
    }
}

/// The document of a new project.
pub(super) struct Spec<'a> {
    pub(super) sources: &'a Sources,
    pub(super) options: Options,
    /// What the folder is called where the title is no name for one.
    pub(super) stem: Cow<'a, str>,
}

impl Target {
    /// Writes the project of a document, in which `diagnostics` were found so far.
    pub(super) fn write(
        &self,
        spec: &Spec<'_>,
        mut diagnostics: Diagnostics,
        output: &Output,
    ) -> ExitCode {
        let sources = spec.sources;
        let options = Options {
            client: self.client,
            ..spec.options.clone()
        };
        let documents = documents(sources);
        let generated = if diagnostics.has_errors() {
            Err(Diagnostics::new())
        } else {
            wsgen::generate(sources, &options, &documents.entry)
        };
        let generated = match generated {
            Ok(generated) => generated,
            Err(errors) => {
                diagnostics.merge(errors);
                output.findings(&diagnostics, sources);
                return ExitCode::from(1);
            }
        };
        diagnostics.merge(generated.diagnostics);
        output.findings(&diagnostics, sources);
        let folder = self.folder(&generated.service.title, &spec.stem);
        let project = self.project(&folder, &documents);
        let mut files = match new_files(generated.files, &generated.service, &project, &options) {
            Ok(files) => files,
            Err(error) => return output.template_failed(&error),
        };
        files.extend(documents.files);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let shown = self.dir.clone().unwrap_or_else(|| {
            folder
                .file_name()
                .map_or_else(|| folder.clone(), PathBuf::from)
        });
        let write = if self.dry_run {
            output::check_vacant(&folder)
        } else {
            output::create(&folder, &files)
        };
        if let Err(error) = write {
            return output.error(&error.to_string());
        }
        output.result(&inspect::shown(
            output.format,
            &generated.service,
            &options,
            &diagnostics,
            sources,
        ));
        output.tell(&summary(&shown, &files, &generated.service, self.dry_run));
        ExitCode::SUCCESS
    }

    fn folder(&self, title: &str, stem: &str) -> PathBuf {
        let name = || match file_name(title).as_str() {
            "unnamed" => file_name(stem),
            name => name.to_owned(),
        };
        workspace::absolute(&self.dir.clone().unwrap_or_else(|| PathBuf::from(name())))
    }

    fn project(&self, folder: &Path, documents: &Documents) -> Project {
        let folder_name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Project {
            package: package_name(self.name.as_deref().unwrap_or(&folder_name)),
            runtime: self
                .runtime_path
                .as_deref()
                .map_or_else(|| workspace::runtime(folder), workspace::runtime_at),
            standalone: workspace::is_foreign(folder),
            minimal: self.minimal,
            document: documents.entry.clone(),
            allow_ref_roots: documents.allow_ref_roots.clone(),
            build_script: self.build_rs.then(|| workspace::wsgen(folder)),
        }
    }
}

/// A name that Cargo takes for a package, and Rust for a crate.
fn package_name(name: &str) -> String {
    let name = file_name(name);
    if is_keyword(&name.replace('-', "_")) {
        format!("{name}-server")
    } else {
        name
    }
}

fn summary(folder: &Path, files: &[OutputFile], service: &Service, dry_run: bool) -> String {
    let mut text = String::new();
    let verb = if dry_run { "would write" } else { "wrote" };
    let _ = writeln!(
        text,
        "\n{verb} {} files to {}:",
        files.len(),
        folder.display()
    );
    for file in files {
        let owner = if file.ownership == Ownership::Generated {
            "  (generated)"
        } else {
            ""
        };
        let _ = writeln!(text, "  {}{owner}", file.path);
    }
    if !dry_run {
        let manifest = folder.join("Cargo.toml");
        let _ = writeln!(
            text,
            "\nnext: cargo run --manifest-path {}",
            manifest.display()
        );
        if let Some(server) = service.servers.first()
            && let Some(served) = server.routes.first()
        {
            let _ = writeln!(
                text,
                "then connect to ws://{}{}",
                server.listen, served.path
            );
        }
    }
    text
}
