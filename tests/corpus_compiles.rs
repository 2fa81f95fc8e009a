//! Projects of documents that other people wrote compile without a warning, and their examples pass: with a table of what
//! they became. Minutes of work, so only where [`ASKED`] asks for it, which `.ci/corpus` does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use wsgen::diagnostic::{Code, Diagnostic, Diagnostics, Location};
use wsgen::document::Sources;
use wsgen::model::{Exchange, Service, Traffic};
use wsgen::project::new_files;
use wsgen::scaffold::{Project, documents};
use wsgen::{Options, Perspective};

use crate::corpus::entries;
use crate::support::{load, root, settings};

const ASKED: &str = "WSGEN_CORPUS_COMPILE";

#[test]
fn every_project_of_the_corpus_compiles_without_a_warning_and_passes_its_tests() {
    if std::env::var_os(ASKED).is_none() {
        println!("skipped: set {ASKED}, or run .ci/corpus");
        return;
    }
    let Some(entries) = entries() else {
        println!("skipped: there is no corpus beside the project");
        return;
    };
    let workspace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus");
    let rows = [Perspective::Server, Perspective::Client].map(|perspective| {
        let projects = entries
            .iter()
            .filter_map(|entry| write(entry, perspective, &workspace));
        (perspective, projects.collect::<Vec<_>>())
    });
    write_workspace(&workspace, rows.iter().flat_map(|(_, projects)| projects));
    let faults = lint(&workspace);
    for (perspective, projects) in &rows {
        print(*perspective, entries.len(), projects, &faults);
    }
    assert!(faults.is_empty(), "{}", all(&faults));
    let tests = cargo(&workspace, &["test", "--package", EXAMPLES, "--quiet"]);
    assert!(
        tests.status.success(),
        "{}{}",
        String::from_utf8_lossy(&tests.stdout),
        String::from_utf8_lossy(&tests.stderr)
    );
    print!("{}", String::from_utf8_lossy(&tests.stdout));
}

/// The package with the generated tests of all projects: one binary to link.
const EXAMPLES: &str = "generated-tests";

/// A project and what is told of it.
struct Written {
    name: String,
    has_tests: bool,
    types: usize,
    messages: usize,
    examples: usize,
    /// Where nothing tells messages or alternatives apart.
    ambiguous: Vec<String>,
    /// Values that the document says nothing about.
    silent: Vec<String>,
    /// Values that no type expresses.
    unexpressed: Vec<String>,
}

/// Writes the project of a document; `None` where it is refused.
fn write(entry: &Path, perspective: Perspective, workspace: &Path) -> Option<Written> {
    let mut diagnostics = Diagnostics::new();
    let sources = load(entry, &mut diagnostics);
    let options = Options {
        perspective,
        ..Options::default()
    };
    let documents = documents(&sources);
    let mut output = wsgen::generate(&sources, &options, &documents.entry).ok()?;
    let name = package(entry, perspective);
    let project = Project {
        document: documents.entry,
        ..settings(&name)
    };
    let generated = std::mem::take(&mut output.files);
    let files = new_files(generated, &output.service, &project, &options).unwrap();
    let folder = workspace.join("projects").join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    for file in files.iter().chain(&documents.files) {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.contents).unwrap();
    }
    let has_tests = folder.join(TESTS).exists();
    let ambiguous = output.diagnostics.iter().filter(is_ambiguity);
    let untyped = |says_nothing: bool| {
        let values = output.service.untyped.iter();
        let asked = values.filter(move |value| value.says_nothing == says_nothing);
        asked
            .map(|value| place(&value.location, &sources))
            .collect()
    };
    Some(Written {
        has_tests,
        types: output.service.types.iter().count(),
        messages: exchanges(&output.service)
            .map(|exchange| exchange.inbound.variants.len() + exchange.outbound.variants.len())
            .sum(),
        examples: exchanges(&output.service).map(count_examples).sum(),
        ambiguous: ambiguous
            .filter_map(|found| {
                let place = place(found.location.as_ref()?, &sources);
                Some(format!("{place}: {}", found.message))
            })
            .collect(),
        silent: untyped(true),
        unexpressed: untyped(false),
        name,
    })
}

const TESTS: &str = "tests/generated.rs";

fn is_ambiguity(found: &&Diagnostic) -> bool {
    found.code == Code::AmbiguousMessages
}

fn exchanges(service: &Service) -> impl Iterator<Item = &Exchange> {
    service
        .routes
        .iter()
        .filter_map(|route| match &route.traffic {
            Traffic::Typed(exchange) => Some(&**exchange),
            Traffic::Raw => None,
        })
}

fn count_examples(exchange: &Exchange) -> usize {
    let variants = exchange.inbound.variants.iter();
    let variants = variants.chain(&exchange.outbound.variants);
    variants.map(|variant| variant.examples.len()).sum()
}

/// A name that no other document has: the corpus numbers its documents, which may be folders.
fn package(entry: &Path, perspective: Perspective) -> String {
    let numbered = |name: &str| name.starts_with(|first: char| first.is_ascii_digit());
    let names = entry.iter().filter_map(|part| part.to_str());
    let document = names.rev().find(|name| numbered(name)).unwrap();
    let number = document.split('-').next().unwrap();
    match perspective {
        Perspective::Server => format!("corpus-{number}-server"),
        Perspective::Client => format!("corpus-{number}-client"),
    }
}

fn place(location: &Location, sources: &Sources) -> String {
    let file = sources.file(location.file);
    let (line, _) = file.position(location.span.start);
    format!("{}:{line} {}", file.name(), file.pointer_at(&location.span))
}

/// The manifest around the projects, without those of earlier runs, and the package with all their tests.
fn write_workspace<'w>(workspace: &Path, projects: impl Iterator<Item = &'w Written>) {
    let mut members = String::new();
    let mut dependencies = String::new();
    let mut modules = String::new();
    for project in projects {
        let name = &project.name;
        writeln!(members, "    \"projects/{name}\",").unwrap();
        if project.has_tests {
            let module = name.replace('-', "_");
            writeln!(dependencies, "{name} = {{ path = \"../projects/{name}\" }}").unwrap();
            writeln!(
                modules,
                "#[path = \"../../projects/{name}/{TESTS}\"]\nmod {module};"
            )
            .unwrap();
        }
    }
    let manifest = format!(
        "[workspace]\nmembers = [\n    \"{EXAMPLES}\",\n{members}]\nresolver = \"3\"\n\n[profile.dev]\ndebug = 0\nincremental = false\n"
    );
    fs::write(workspace.join("Cargo.toml"), manifest).unwrap();
    // With this project's versions of everything.
    fs::copy(root().join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    let runtime = root().join("runtime");
    let manifest = format!(
        "[package]\nname = \"{EXAMPLES}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ntokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\nwsgen-runtime = {{ path = {runtime:?} }}\n{dependencies}"
    );
    let tests = workspace.join(EXAMPLES).join("tests");
    fs::create_dir_all(&tests).unwrap();
    fs::create_dir_all(workspace.join(EXAMPLES).join("src")).unwrap();
    fs::write(workspace.join(EXAMPLES).join("Cargo.toml"), manifest).unwrap();
    fs::write(workspace.join(EXAMPLES).join("src/lib.rs"), "").unwrap();
    fs::write(tests.join("all.rs"), modules).unwrap();
}

/// What the compiler and clippy's default set say, by package.
fn lint(workspace: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let arguments = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--quiet",
        "--message-format=json",
    ];
    let output = cargo(workspace, &arguments);
    let mut faults: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let package = message["manifest_path"].as_str().unwrap_or_default();
        if let Some(text) = message["message"]["rendered"].as_str() {
            let name = PathBuf::from(package);
            let name = name.parent().and_then(Path::file_name).unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            faults.entry(name).or_default().insert(text.to_owned());
        }
    }
    assert!(
        output.status.success() || !faults.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    faults
}

fn cargo(workspace: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap()
}

/// One row of the table, and the places behind its last columns.
fn print(
    perspective: Perspective,
    documents: usize,
    projects: &[Written],
    faults: &BTreeMap<String, BTreeSet<String>>,
) {
    let failed = projects
        .iter()
        .filter(|project| faults.contains_key(&project.name));
    let sum = |count: fn(&Written) -> usize| projects.iter().map(count).sum::<usize>();
    println!(
        "\n{perspective:?}\n\n| documents | generated | compiled | types | messages | examples | ambiguous | untyped: nothing said | not expressed |\n|---|---|---|---|---|---|---|---|---|\n| {documents} | {} | {} | {} | {} | {} | {} | {} | {} |",
        projects.len(),
        projects.len() - failed.count(),
        sum(|project| project.types),
        sum(|project| project.messages),
        sum(|project| project.examples),
        sum(|project| project.ambiguous.len()),
        sum(|project| project.silent.len()),
        sum(|project| project.unexpressed.len()),
    );
    print_places("ambiguous", projects, |project| &project.ambiguous);
    print_places("nothing said", projects, |project| &project.silent);
    print_places("not expressed", projects, |project| &project.unexpressed);
}

fn print_places(title: &str, projects: &[Written], places: fn(&Written) -> &[String]) {
    println!("\n{title}:");
    for place in projects.iter().flat_map(places) {
        println!("  {place}");
    }
}

fn all(faults: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::new();
    for (package, found) in faults {
        for fault in found {
            writeln!(text, "{package}: {fault}").unwrap();
        }
    }
    text
}
