//! Projects as `wsgen init` leaves them compile without a warning and are formatted: all of them in one workspace.

use std::fs;
use std::path::Path;

use wsgen::Options;
use wsgen::scaffold::Starter;

use crate::support::{cargo, fresh_workspace, project_with, root, settings, write_files};
use crate::{binding_page, examples, twins};

#[test]
fn fresh_projects_compile_without_a_warning_and_are_formatted() {
    let workspace = fresh_workspace("fresh-projects");
    let names = write_projects(&workspace.join("projects"));
    cargo(
        &workspace,
        &["check", "--workspace", "--all-targets", "--quiet"],
    );
    // Names of documents that make rustfmt order imports its own way are only compiled.
    let formatted = names.iter().filter(|name| !name.starts_with("hard-"));
    let packages = formatted.flat_map(|name| ["--package", name]);
    let format: Vec<&str> = ["fmt", "--check"].into_iter().chain(packages).collect();
    cargo(&workspace, &format);
}

/// One project for each fragment of the binding page, for each example's document, whose stubs nobody has filled in, for
/// each document that is hard on generated code or means to be, and for each that `wsgen new` begins with; their names.
fn write_projects(projects: &Path) -> Vec<String> {
    let fragments = binding_page::documents().into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (format!("fragment-{name}"), path)
    });
    let examples = examples::names().map(|name| {
        let document = root().join("examples").join(name).join("asyncapi.yaml");
        (format!("example-{name}"), document)
    });
    let hard = fs::read_dir(root().join("tests/compile"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (format!("hard-{name}"), path)
        });
    let written_out = tempfile::tempdir().unwrap();
    let hostile = written_out.path().join("hostile.json");
    fs::write(&hostile, twins::hostile().to_string()).unwrap();
    let starters = Starter::ALL.map(|starter| {
        let name = format!("starter-{}", format!("{starter:?}").to_lowercase());
        let document = written_out.path().join(format!("{name}.yaml"));
        fs::write(&document, starter.document(&name).unwrap()).unwrap();
        (name, document)
    });
    let written = fragments
        .chain(examples)
        .chain(hard)
        .chain(starters)
        .chain([("hard-hostile".to_owned(), hostile)])
        .map(|(name, document)| {
            // Servers and clients of the same documents.
            let options = Options {
                client: true,
                ..Options::default()
            };
            let (_, files) = project_with(&document, &settings(&name), &options);
            write_files(&projects.join(&name), files);
            name
        });
    written.collect()
}
