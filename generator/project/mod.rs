//! A project that exists: what a new version of its document changes in it, and what stays the user's.
//!
//! ```text
//! document, wsgen.toml --generate--> files --plan--> what changes, is kept, is in the way --apply--> disk
//!            what is on the disk, wsgen.lock --^   ^-- handlers: stubs, and what the user's code lacks
//! ```

pub mod apply;
pub mod disk;
pub mod handlers;
pub mod lock;
pub mod plan;

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::model::Service;
use crate::options::Options;
use crate::output::{OutputFile, Ownership, WriteError};
use crate::scaffold;
use crate::settings::Settings;
use disk::{Entry, Snapshot};
use handlers::Task;
use lock::{LOCK, Lock};
use plan::{Obstacle, Plan};

/// The file that makes a folder a project.
pub const SETTINGS: &str = "wsgen.toml";

/// A project on the disk, which no other run changes while this lives.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    /// What `wsgen.toml` says.
    pub settings: Settings,
    /// The name of its library.
    pub krate: String,
    /// `wsgen.toml`, locked.
    _locked: File,
}

/// Whether a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Others may read as well.
    Read,
    /// Nobody else meanwhile.
    Write,
}

/// What the user allows a run to do beyond the ordinary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// Replace generated files that were edited by hand.
    pub force: bool,
    /// Add what is missing to the user's code.
    pub fix: bool,
}

/// What a run does to a project, and what it leaves to the user.
#[derive(Debug)]
pub struct Update {
    /// Everything that changes.
    pub plan: Plan,
    /// What the user has to do.
    pub tasks: Vec<Task>,
    recorded: Option<Lock>,
}

impl Update {
    /// Whether anything is written, be it the record alone.
    #[must_use]
    pub fn is_due(&self) -> bool {
        apply::is_due(&self.plan, self.recorded.as_ref())
    }
}

/// Why a project cannot be updated.
#[derive(Debug)]
pub enum ProjectError {
    /// There is none in the working directory or above.
    NotFound,
    /// One of its files does not say what it has to.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// There is something else where files have to go.
    InTheWay(Vec<Obstacle>),
    /// The disk does not do its part.
    Disk(WriteError),
    /// A template cannot be rendered: a bug of wsgen.
    Template(askama::Error),
    /// The rendered code is no Rust: a bug of wsgen.
    Render(syn::Error),
}

/// All files of a new project but its documents: what was `generated`, the tests of the document's examples, what is the
/// user's from then on, and the record.
///
/// # Errors
/// When a template cannot be rendered: a bug of wsgen.
pub fn new_files(
    generated: Vec<OutputFile>,
    service: &Service,
    project: &scaffold::Project,
    options: &Options,
) -> Result<Vec<OutputFile>, askama::Error> {
    let mut files = Vec::new();
    // The examples' tests come with the generated code, or not at all.
    if project.build_script.is_none() {
        let krate = project.package.replace('-', "_");
        let tests = crate::generate_tests(service, &krate, &project.document);
        files = generated;
        files.extend(tests.map_err(|error| askama::Error::Custom(error.into()))?);
    }
    let lock = Lock::new(&files, scaffold::written_once(service));
    files.push(OutputFile {
        path: LOCK.to_owned(),
        contents: lock.to_toml().into_bytes(),
        ownership: Ownership::Generated,
    });
    files.extend(scaffold::scaffold(service, project, options)?);
    Ok(files)
}

/// The folder of the project that the working directory is in: empty, `..`, `../..` and so on.
///
/// # Errors
/// When there is none.
pub fn find() -> Result<PathBuf, ProjectError> {
    let depth = std::env::current_dir().map_or(1, |folder| folder.components().count());
    let mut root = PathBuf::new();
    for _ in 0..depth {
        if root.join(SETTINGS).is_file() {
            return Ok(root);
        }
        root.push("..");
    }
    Err(ProjectError::NotFound)
}

impl Project {
    /// Opens the project in `root`; `on_wait` is called if another run has to end first.
    ///
    /// # Errors
    /// When `wsgen.toml` or `Cargo.toml` cannot be read.
    pub fn open(root: &Path, access: Access, on_wait: impl FnOnce()) -> Result<Self, ProjectError> {
        let path = root.join(SETTINGS);
        let mut file = File::open(&path).map_err(WriteError::io("read", &path))?;
        hold(&file, access, on_wait).map_err(WriteError::io("lock", &path))?;
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(WriteError::io("read", &path))?;
        let settings = Settings::parse(&text).map_err(|reason| ProjectError::Unreadable {
            path,
            reason,
            help: "correct it; it has to name the `document`, and may have the options of `wsgen generate`",
        })?;
        Ok(Self {
            root: root.to_owned(),
            settings,
            krate: library(root)?,
            _locked: file,
        })
    }

    /// Where the document is that `wsgen.toml` names.
    #[must_use]
    pub fn document(&self) -> PathBuf {
        self.root.join(&self.settings.document)
    }

    /// The folders outside the document's own from which references may read.
    #[must_use]
    pub fn allow_ref_roots(&self) -> Vec<PathBuf> {
        let roots = self.settings.allow_ref_roots.iter();
        roots
            .map(|folder| disk::root_of(&self.root).join(folder))
            .collect()
    }

    /// Decides what has to change so that the project follows `service`, of which `files` were generated.
    ///
    /// # Errors
    /// When the project cannot be read, or something is in the way.
    pub fn update(
        &self,
        service: &Service,
        files: &[OutputFile],
        permissions: Permissions,
    ) -> Result<Update, ProjectError> {
        let recorded = self.recorded()?;
        let lock = recorded.clone().unwrap_or_default();
        let disk = self.look(service, files, &lock)?;
        let code = handlers::compare(service, &self.krate, &disk, &lock, permissions.fix)
            .map_err(ProjectError::Template)?;
        let (mut plan, mut obstacles) = match plan::plan(files, &disk, &lock, permissions.force) {
            Ok(plan) => (plan, Vec::new()),
            Err(obstacles) => (Plan::default(), obstacles),
        };
        obstacles.extend(code.obstacles);
        if !obstacles.is_empty() {
            return Err(ProjectError::InTheWay(obstacles));
        }
        plan.changes.extend(code.changes);
        plan.lock.written_once = code.written_once;
        Ok(Update {
            plan,
            tasks: code.tasks,
            recorded,
        })
    }

    /// Does what was decided; `before_step` is called before every change to the disk.
    ///
    /// # Errors
    /// When the disk does not take it; see [`apply::apply`].
    pub fn apply(
        &self,
        update: &Update,
        before_step: &mut dyn FnMut(),
    ) -> Result<(), ProjectError> {
        let recorded = update.recorded.as_ref();
        Ok(apply::apply(
            &self.root,
            &update.plan,
            recorded,
            before_step,
        )?)
    }

    fn recorded(&self) -> Result<Option<Lock>, ProjectError> {
        let unreadable = |reason| ProjectError::Unreadable {
            path: self.root.join(LOCK),
            reason,
            help: "restore it from version control, or delete it: then only generated files that are as they would be written now count as wsgen's",
        };
        match disk::look(&self.root, LOCK)? {
            Entry::Nothing => Ok(None),
            Entry::File(contents) => {
                let text =
                    String::from_utf8(contents).map_err(|error| unreadable(error.to_string()))?;
                Lock::parse(&text).map(Some).map_err(unreadable)
            }
            Entry::Other(what) => Err(ProjectError::InTheWay(vec![Obstacle {
                path: LOCK.to_owned(),
                what,
            }])),
        }
    }

    /// Looks at all that a run may touch or has to know.
    fn look(
        &self,
        service: &Service,
        files: &[OutputFile],
        lock: &Lock,
    ) -> Result<Snapshot, ProjectError> {
        let mut paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        paths.extend(lock.generated.keys().cloned());
        paths.extend(lock.written_once.iter().cloned());
        paths.extend(scaffold::written_once(service));
        paths.extend(disk::paths_below(&self.root, "src")?);
        paths.extend(disk::paths_below(&self.root, plan::GENERATED)?);
        paths.extend(disk::paths_below(&self.root, "config")?);
        paths.extend(handlers::ALSO_READ.map(str::to_owned));
        // Nothing that a record says leads out of the project.
        paths.retain(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")));
        paths.sort();
        paths.dedup();
        Ok(Snapshot::take(
            &self.root,
            paths.iter().map(String::as_str),
        )?)
    }
}

/// Locks a file, which is released when it is closed; file systems that cannot lock do without.
fn hold(file: &File, access: Access, on_wait: impl FnOnce()) -> io::Result<()> {
    let tried = match access {
        Access::Read => file.try_lock_shared(),
        Access::Write => file.try_lock(),
    };
    let result = match tried {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            on_wait();
            match access {
                Access::Read => file.lock_shared(),
                Access::Write => file.lock(),
            }
        }
        Err(TryLockError::Error(error)) => Err(error),
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        result => result,
    }
}

/// The name of the library in the manifest.
fn library(root: &Path) -> Result<String, ProjectError> {
    let path = root.join("Cargo.toml");
    let unreadable = |reason: String| ProjectError::Unreadable {
        path: path.clone(),
        reason,
        help: "a project has the manifest of its package beside `wsgen.toml`",
    };
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
    let manifest: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| unreadable(error.to_string()))?;
    let name = |section: &str| manifest.get(section)?.get("name")?.as_str();
    let name = name("lib").or_else(|| name("package"));
    let name = name.ok_or_else(|| unreadable("`package.name` is missing".to_owned()))?;
    Ok(name.replace('-', "_"))
}

impl From<WriteError> for ProjectError {
    fn from(error: WriteError) -> Self {
        Self::Disk(error)
    }
}

impl fmt::Display for ProjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(
                "there is no `wsgen.toml` here or in a folder above: change to the folder of a project, or make one with `wsgen init SPEC`",
            ),
            Self::Unreadable { path, reason, help } => {
                write!(f, "cannot read `{}`: {}\n{help}", path.display(), reason.trim_end())
            }
            Self::InTheWay(obstacles) => {
                for Obstacle { path, what } in obstacles {
                    writeln!(f, "`{path}` is {what}, where wsgen has to write a file")?;
                }
                f.write_str("nothing was written: move it out of the way and run wsgen again")
            }
            Self::Disk(error) => write!(f, "{error}"),
            Self::Render(error) => write!(f, "the generated code is no Rust, which is a bug of wsgen: {error}"),
            Self::Template(error) => write!(f, "a template failed, which is a bug of wsgen: {error}"),
        }
    }
}

impl std::error::Error for ProjectError {}
