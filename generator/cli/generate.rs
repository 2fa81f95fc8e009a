//! `wsgen generate`: a project follows its document.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use wsgen::diagnostic::Diagnostics;
use wsgen::document::{FileSystem, Sources};
use wsgen::project::{self, Access, Permissions, Project, ProjectError, SETTINGS, Update};

use super::arguments::{Choices, called};
use super::report::Output;
use super::update;

/// Bring the project here up to date: rewrite what is generated, add stubs for what is new, say what is left to do.
#[derive(Args, Debug)]
pub(super) struct Generate {
    #[command(flatten)]
    generation: Generation,
    #[command(flatten)]
    view: View,
}

/// What is generated, and what may be done.
#[derive(Args, Debug)]
pub(super) struct Generation {
    /// The document [default: the one that `wsgen.toml` names].
    spec: Option<PathBuf>,
    #[command(flatten)]
    choices: Choices,
    /// Replace generated files also where they were edited by hand.
    #[arg(long)]
    force: bool,
    /// Insert the methods that your handlers lack.
    #[arg(long)]
    fix: bool,
}

/// Ways to look without writing anything.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// Say what would change, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Show what would change as a unified diff, and write nothing.
    #[arg(long)]
    diff: bool,
    /// Exit with 1 if anything would change, and write nothing: for CI.
    #[arg(long)]
    check: bool,
}

impl View {
    fn only_looks(self) -> bool {
        self.dry_run || self.diff || self.check
    }
}

/// How a run went, and what it read.
pub(super) struct Round {
    pub(super) code: ExitCode,
    /// The files on which the result depends, also those that were looked for in vain.
    pub(super) read: Vec<PathBuf>,
}

/// What a run found out.
enum Outcome {
    /// The document is at fault, which was reported.
    Refused,
    /// What has to change, or has been changed.
    Updated(Update),
}

impl Generate {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        match project::find() {
            Ok(root) => self.generation.once(&root, self.view, output).code,
            Err(error) => output.error(&error.to_string()),
        }
    }
}

impl Generation {
    /// Whether the document is read from where it can be read only once.
    pub(super) fn reads_standard_input(&self) -> bool {
        self.spec.as_deref() == Some(Path::new("-"))
    }

    /// Does it once for the project in `root`.
    pub(super) fn once(&self, root: &Path, view: View, output: &Output) -> Round {
        let mut read = vec![root.join(SETTINGS)];
        let code = match self.try_once(root, view, output, &mut read) {
            Ok(Outcome::Refused) => ExitCode::from(1),
            Ok(Outcome::Updated(update)) => conclude(&update, view, output),
            Err(error) => output.error(&error.to_string()),
        };
        Round { code, read }
    }

    fn try_once(
        &self,
        root: &Path,
        view: View,
        output: &Output,
        read: &mut Vec<PathBuf>,
    ) -> Result<Outcome, ProjectError> {
        let access = if view.only_looks() {
            Access::Read
        } else {
            Access::Write
        };
        let project = Project::open(root, access, || {
            output.tell("waiting for another run of wsgen in this project\n");
        })?;
        let spec = self.spec.clone().unwrap_or_else(|| project.document());
        let roots = [
            project.allow_ref_roots(),
            self.choices.allow_ref_root.clone(),
        ]
        .concat();
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::load(&spec, &FileSystem::new(&spec, &roots), &mut diagnostics);
        read.extend(sources.files().map(|file| file.path().to_owned()));
        let options = self.choices.over(project.settings.options.clone());
        let document = &project.settings.document;
        if !is_same_file(&spec, &project.document()) {
            output.tell(&format!(
                "this run follows {}; `wsgen.toml` names `{document}`, which the next one follows again\n",
                called(&spec)
            ));
        }
        let generated = match diagnostics.has_errors() {
            true => Err(Diagnostics::new()),
            false => wsgen::generate(&sources, &options, document),
        };
        let generated = match generated {
            Ok(generated) => generated,
            Err(errors) => {
                diagnostics.merge(errors);
                output.findings(&diagnostics, &sources);
                return Ok(Outcome::Refused);
            }
        };
        diagnostics.merge(generated.diagnostics);
        output.findings(&diagnostics, &sources);
        let mut files = Vec::new();
        if !project.settings.build_script {
            files = generated.files;
            files.extend(tests(&generated.service, &project.krate, document)?);
        }
        let permissions = Permissions {
            force: self.force,
            fix: self.fix,
        };
        let update = project.update(&generated.service, &files, permissions)?;
        if !view.only_looks() {
            project.apply(&update, &mut || {})?;
        }
        Ok(Outcome::Updated(update))
    }
}

/// Says how it went.
fn conclude(update: &Update, view: View, output: &Output) -> ExitCode {
    let tense = match view.only_looks() {
        true => update::Tense::Would,
        false => update::Tense::Did,
    };
    match view.diff {
        true => output.result(&update::diff(&update.plan)),
        false => update::show(update, tense, view.dry_run, output),
    }
    let edited = update::edited(update);
    if let Some(edited) = &edited {
        output.error(edited);
    }
    let stale = view.check && update.is_due();
    if stale {
        output.error(
            "the project is not what its document makes of it: run `wsgen generate` and commit the result",
        );
    }
    match stale || edited.is_some() {
        true => ExitCode::from(1),
        false => ExitCode::SUCCESS,
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().ok();
    one == other || resolved(one).is_some_and(|one| Some(one) == resolved(other))
}

fn tests(
    service: &wsgen::model::Service,
    krate: &str,
    document: &str,
) -> Result<Option<wsgen::output::OutputFile>, ProjectError> {
    wsgen::generate_tests(service, krate, document).map_err(ProjectError::Render)
}
