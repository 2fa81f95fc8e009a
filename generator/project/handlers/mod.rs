//! What the document asks of the user's code, compared with what is there.

mod edit;
mod entrypoints;
mod implementations;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Entry, Snapshot};
use super::lock::Lock;
use super::plan::{Change, Obstacle};
use crate::lower::RESERVED_METHODS;
use crate::model::Service;
use crate::output::OutputFile;
use crate::scaffold::{self, Handler, Names};
use edit::Edit;
use implementations::{Implementation, Scan};

/// What happens to the user's files, and what is left to the user.
#[derive(Debug, Default)]
pub struct CodePlan {
    /// New files, and edits of those that declare or, if wanted, implement something.
    pub changes: Vec<Change>,
    /// What the user has to do.
    pub tasks: Vec<Task>,
    /// Something else than a file where one has to go.
    pub obstacles: Vec<Obstacle>,
    /// The files that are written once, for the record.
    pub written_once: BTreeSet<String>,
}

/// Something that is left to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// An implementation lacks methods.
    Implement {
        /// The file.
        path: String,
        /// The trait.
        trait_name: String,
        /// The methods.
        methods: Vec<String>,
        /// Their stubs, to be pasted at the end of the `impl`.
        code: String,
    },
    /// An implementation has what belongs to `Handler<Route>`, as wsgen 0.1 had it before that trait was made.
    Divide {
        /// The file.
        path: String,
        /// The line of the `impl`.
        line: usize,
        /// The trait.
        trait_name: String,
        /// The module of the route.
        module: String,
        /// The types and methods that belong to the other trait.
        members: Vec<String>,
        /// Whether nothing else is left, so that the trait is gone.
        is_gone: bool,
    },
    /// Nothing implements one of the traits that a file of handlers is for, though it implements another.
    ImplementTrait {
        /// The file.
        path: String,
        /// The trait.
        trait_name: String,
        /// Its implementation, to be pasted at the end of the file.
        code: String,
    },
    /// A stub was deleted, and nothing implements its trait.
    Restore {
        /// The file.
        path: String,
        /// The trait.
        trait_name: String,
    },
    /// A module has to be declared, and wsgen does not see where.
    Declare {
        /// The file of the module.
        path: String,
        /// The line.
        line: String,
    },
    /// Methods that nothing calls any more.
    RemoveMethods {
        /// The file.
        path: String,
        /// The trait.
        trait_name: String,
        /// The methods.
        methods: Vec<String>,
    },
    /// A file for something that the document does not have any more.
    RemoveFile {
        /// The file.
        path: String,
    },
    /// There are several entrypoints now, and none is what `cargo run` starts.
    SetDefaultRun {
        /// An entrypoint that was there before.
        binary: String,
    },
    /// Servers that are new, and that nothing starts in the tests.
    TestServers {
        /// The file.
        path: String,
        /// Their tests, to be pasted at its end.
        code: String,
    },
    /// The document needs features of the runtime that the manifest does not ask for.
    AddFeatures {
        /// The features.
        features: Vec<String>,
        /// The dependency with them.
        line: String,
    },
    /// A file that is no Rust, so that nobody knows what it implements.
    Repair {
        /// The file.
        path: String,
    },
}

/// The tests that every server starts; the user's.
const SERVER_TESTS: &str = "tests/servers.rs";

/// The files that are looked at beside code, configs, and what is generated.
pub(super) const ALSO_READ: [&str; 4] = [
    "Cargo.toml",
    SERVER_TESTS,
    "src/handlers/mod.rs",
    "src/handlers.rs",
];

/// Whether a file of the project may hold code of the user.
#[must_use]
pub fn is_code(path: &str) -> bool {
    path.ends_with(".rs")
        && path.starts_with("src/")
        && !path.starts_with(&format!("{}/", super::plan::GENERATED))
}

/// Compares a service with the user's code; `fix` adds to it what is missing.
///
/// `krate` is the name of the project's library; `disk` holds its code, its configs and its manifest.
///
/// # Errors
/// When a template cannot be rendered: a bug of wsgen.
pub fn compare(
    service: &Service,
    krate: &str,
    disk: &Snapshot,
    lock: &Lock,
    fix: bool,
) -> Result<CodePlan, askama::Error> {
    let mut comparison = Comparison {
        krate,
        disk,
        lock,
        fix,
        code: Code::read(service, disk),
        plan: CodePlan::default(),
    };
    let handlers = scaffold::handlers(service);
    for handler in &handlers {
        comparison.handler(handler)?;
    }
    comparison.entrypoints(service)?;
    comparison.leftovers(service);
    comparison.features(service);
    Ok(comparison.finish())
}

/// The user's code, as far as it mentions handlers.
struct Code {
    scans: BTreeMap<String, Option<Scan>>,
    edits: BTreeMap<String, Vec<Edit>>,
}

impl Code {
    /// Parses the files that mention a trait of the handlers; that is quicker than to parse all.
    fn read(service: &Service, disk: &Snapshot) -> Self {
        let handlers = scaffold::handlers(service);
        let scans = disk.iter().filter(|(path, _)| is_code(path));
        let scans = scans.filter_map(|(path, entry)| {
            let Entry::File(contents) = entry else {
                return None;
            };
            let Ok(text) = std::str::from_utf8(contents) else {
                return Some((path.to_owned(), None));
            };
            let mentions = |handler: &Handler<'_>| {
                let name = handler.trait_name();
                name.is_some_and(|name| text.contains(name))
            };
            let relevant = text.contains("impl")
                && (text.contains("Handler<") || handlers.iter().any(mentions));
            relevant.then(|| (path.to_owned(), implementations::scan(text)))
        });
        Self {
            scans: scans.collect(),
            edits: BTreeMap::new(),
        }
    }

    /// The implementations that a file of handlers is for.
    fn of(&self, handler: &Handler<'_>) -> Implementations {
        let all = || {
            let scans = self.scans.iter();
            let scans = scans.filter_map(|(path, scan)| Some((path, scan.as_ref()?)));
            scans.flat_map(|(path, scan)| scan.iter().map(move |found| (path, found)))
        };
        let owned = |(path, found): (&String, &Implementation)| (path.clone(), found.clone());
        let connections = handler.connections();
        let is_of_connections = |found: &Implementation| {
            let module = connections.as_ref();
            module.is_some_and(|module| found.handles(module))
        };
        let names = [handler.trait_name(), handler.former_trait()];
        Implementations {
            messages: all()
                .filter(|(_, found)| names.contains(&Some(&found.trait_name)))
                .map(owned)
                .collect(),
            connections: all()
                .filter(|(_, found)| is_of_connections(found))
                .map(owned)
                .collect(),
        }
    }
}

/// Implementations that one file of handlers is for, with the files that they are in.
struct Implementations {
    /// Of the trait of its messages.
    messages: Vec<(String, Implementation)>,
    /// Of `Handler<Route>`.
    connections: Vec<(String, Implementation)>,
}

impl Implementations {
    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.connections.is_empty()
    }
}

/// The trait of connections.
const HANDLER: &str = "Handler<Route>";

struct Comparison<'a> {
    krate: &'a str,
    disk: &'a Snapshot,
    lock: &'a Lock,
    fix: bool,
    code: Code,
    plan: CodePlan,
}

impl Comparison<'_> {
    fn handler(&mut self, handler: &Handler<'_>) -> Result<(), askama::Error> {
        let path = handler.path();
        self.plan.written_once.insert(path.clone());
        let found = self.code.of(handler);
        let unreadable = self.code.scans.values().any(Option::is_none);
        match self.disk.at(&path) {
            _ if !found.is_empty() => self.found(handler, &found)?,
            // Whatever is in it, it is the user's; and what cannot be read may be the implementation.
            Entry::File(_) => {}
            Entry::Nothing if unreadable => {}
            Entry::Nothing if self.lock.written_once.contains(&path) && !self.fix => {
                self.plan.tasks.push(Task::Restore {
                    path,
                    trait_name: handler.trait_name().unwrap_or(HANDLER).to_owned(),
                });
            }
            Entry::Nothing => {
                self.create(handler.render()?);
                self.declare(handler);
            }
            Entry::Other(what) => self.obstacle(path, what),
        }
        Ok(())
    }

    /// What the implementations lack that a file of handlers is for.
    fn found(
        &mut self,
        handler: &Handler<'_>,
        found: &Implementations,
    ) -> Result<(), askama::Error> {
        let mut connects = handler.connections().is_none() || !found.connections.is_empty();
        for (path, implementation) in &found.messages {
            let divided = handler
                .connections()
                .map(|module| self.divide(handler, path, implementation, &module));
            connects |= divided == Some(true);
            if handler.trait_name().is_some() {
                self.implementation(handler, path, implementation)?;
            }
        }
        if !connects && let Some((path, beside)) = found.messages.first() {
            let names = self.names(handler, path, beside);
            let code = handler.connection(&beside.subject, &names)?;
            self.lacking(path, HANDLER, beside, code);
        }
        if let Some(trait_name) = handler.trait_name()
            && found.messages.is_empty()
            && let Some((path, beside)) = found.connections.first()
        {
            let names = self.names(handler, path, beside);
            let code = handler.messages(&beside.subject, &names)?;
            self.lacking(path, trait_name, beside, code);
        }
        Ok(())
    }

    /// Adds an implementation behind one that is there, or says that it is missing.
    fn lacking(&mut self, path: &str, trait_name: &str, beside: &Implementation, code: String) {
        if self.fix {
            let edits = self.code.edits.entry(path.to_owned()).or_default();
            edits.push(Edit::Implementation(beside.end, code));
        } else {
            self.plan.tasks.push(Task::ImplementTrait {
                path: path.to_owned(),
                trait_name: trait_name.to_owned(),
                code,
            });
        }
    }

    /// Says what an implementation of messages has that belongs to `Handler<Route>`; whether there is any.
    fn divide(
        &mut self,
        handler: &Handler<'_>,
        path: &str,
        found: &Implementation,
        module: &str,
    ) -> bool {
        let wanted = handler.methods();
        let methods = found.methods.iter();
        let methods = methods.filter(|method| {
            RESERVED_METHODS.contains(&method.as_str()) && !wanted.contains(method)
        });
        let types = found.types.iter().map(|name| format!("type {name}"));
        let members: Vec<String> = types.chain(methods.cloned()).collect();
        let is_there = !members.is_empty();
        if is_there {
            self.plan.tasks.push(Task::Divide {
                path: path.to_owned(),
                line: found.line,
                trait_name: found.trait_name.clone(),
                module: module.to_owned(),
                members,
                is_gone: handler.trait_name().is_none(),
            });
        }
        is_there
    }

    /// What a file calls the things that stubs mention.
    fn names(&self, handler: &Handler<'_>, path: &str, found: &Implementation) -> Names {
        let krate = match path.starts_with("src/bin/") || path == "src/main.rs" {
            true => self.krate,
            false => "crate",
        };
        found.names(krate, handler.generated_module().as_deref())
    }

    /// What an implementation lacks, and what it has too much of.
    fn implementation(
        &mut self,
        handler: &Handler<'_>,
        path: &str,
        found: &Implementation,
    ) -> Result<(), askama::Error> {
        let wanted = handler.methods();
        let missing: Vec<String> = wanted
            .iter()
            .filter(|method| !found.methods.contains(method))
            .cloned()
            .collect();
        let names = self.names(handler, path, found);
        let stubs = missing.iter();
        let stubs = stubs.filter_map(|method| handler.method(method, &names).transpose());
        let code = stubs.collect::<Result<Vec<_>, _>>()?.join("\n");
        if self.fix && !missing.is_empty() {
            let edits = self.code.edits.entry(path.to_owned()).or_default();
            edits.push(Edit::Members(found.end, code));
        } else if !missing.is_empty() {
            self.plan.tasks.push(Task::Implement {
                path: path.to_owned(),
                trait_name: found.trait_name.clone(),
                methods: missing,
                code,
            });
        }
        let known = |method: &String| {
            wanted.contains(method) || RESERVED_METHODS.contains(&method.as_str())
        };
        let unused: Vec<String> = found
            .methods
            .iter()
            .filter(|method| !known(method))
            .cloned()
            .collect();
        if !unused.is_empty() && handler.generated_module().is_some() {
            self.plan.tasks.push(Task::RemoveMethods {
                path: path.to_owned(),
                trait_name: found.trait_name.clone(),
                methods: unused,
            });
        }
        Ok(())
    }

    /// Declares the module of a new file.
    fn declare(&mut self, handler: &Handler<'_>) {
        let candidates = ["src/handlers/mod.rs", "src/handlers.rs"];
        let present = candidates
            .into_iter()
            .find(|path| *self.disk.at(path) != Entry::Nothing);
        match present.map(|path| (path, self.disk.at(path))) {
            Some((path, Entry::Other(what))) => self.obstacle(path.to_owned(), what),
            Some((path, Entry::File(_))) => {
                let edits = self.code.edits.entry(path.to_owned()).or_default();
                edits.push(Edit::Module(handler.module()));
            }
            _ => self.undeclared(handler.path(), &handler.module()),
        }
    }

    fn undeclared(&mut self, path: String, module: &str) {
        let line = format!("mod {module};");
        self.plan.tasks.push(Task::Declare { path, line });
    }

    /// Files that were written for what the document does not have any more.
    fn leftovers(&mut self, service: &Service) {
        let expected = scaffold::written_once(service);
        for path in &self.lock.written_once {
            if !expected.contains(path) && *self.disk.at(path) != Entry::Nothing {
                self.plan.written_once.insert(path.clone());
                self.plan
                    .tasks
                    .push(Task::RemoveFile { path: path.clone() });
            }
        }
        let repair = self.code.scans.iter().filter(|(_, scan)| scan.is_none());
        let repair = repair.map(|(path, _)| Task::Repair { path: path.clone() });
        self.plan.tasks.extend(repair);
    }

    fn create(&mut self, file: OutputFile) {
        self.plan.changes.push(Change {
            path: file.path,
            before: None,
            after: Some(file.contents),
        });
    }

    fn obstacle(&mut self, path: String, what: &str) {
        self.plan.obstacles.push(Obstacle {
            path,
            what: what.to_owned(),
        });
    }

    /// Makes the edits. They come before the new files: a module that is declared and missing is written by the next
    /// run, a file that nobody declares would stay so.
    fn finish(mut self) -> CodePlan {
        let mut edited = Vec::new();
        for (path, edits) in std::mem::take(&mut self.code.edits) {
            let Entry::File(before) = self.disk.at(&path) else {
                continue;
            };
            let after = std::str::from_utf8(before)
                .ok()
                .and_then(|text| edit::apply(text, &edits));
            match after {
                Some(after) if after.as_bytes() == before.as_slice() => {}
                Some(after) => edited.push(Change {
                    path,
                    before: Some(before.clone()),
                    after: Some(after.into_bytes()),
                }),
                None => {
                    for edit in edits {
                        if let Edit::Module(module) = edit {
                            let file =
                                format!("src/handlers/{}.rs", module.trim_start_matches("r#"));
                            self.undeclared(file, &module);
                        }
                    }
                }
            }
        }
        edited.append(&mut self.plan.changes);
        self.plan.changes = edited;
        self.plan
    }
}
