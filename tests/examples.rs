//! The examples are what `wsgen init` makes of their documents now, but for what was written by hand.

use std::fs;
use std::path::Path;

use wsgen::Options;
use wsgen::output::OutputFile;
use wsgen::scaffold::{Project, Runtime};

use crate::support::{files_below, project, project_with, root, settings};

/// Set to rewrite what is not fresh.
const UPDATE: &str = "WSGEN_UPDATE";

/// The examples, each with the files of the scaffold that were edited.
const EXAMPLES: [(&str, &[&str]); 6] = [
    (
        "chat",
        &[
            "Cargo.toml",
            "src/handlers/mod.rs",
            "src/handlers/room.rs",
            "src/lib.rs",
            "tests/handlers.rs",
        ],
    ),
    (
        "dashboard",
        &[
            "src/handlers/metrics.rs",
            "src/handlers/mod.rs",
            "src/lib.rs",
        ],
    ),
    (
        "echo",
        &[
            "src/handlers/echo.rs",
            "src/handlers/fanout.rs",
            "src/handlers/typed.rs",
        ],
    ),
    (
        "game",
        &["src/handlers/arena.rs", "src/handlers/mod.rs", "src/lib.rs"],
    ),
    (
        "iot",
        &[
            "Cargo.toml",
            "src/bin/devices.rs",
            "src/handlers/authenticate.rs",
            "src/handlers/device.rs",
            "src/handlers/mod.rs",
            "tests/handlers.rs",
        ],
    ),
    (
        "trading",
        &[
            "Cargo.toml",
            "src/bin/live.rs",
            "src/bin/sandbox.rs",
            "src/handlers/authenticate.rs",
            "src/handlers/exchange.rs",
            "src/handlers/mod.rs",
            "src/lib.rs",
        ],
    ),
];

/// Those that have a client as well.
const WITH_CLIENT: [&str; 2] = ["chat", "trading"];

/// The application that was there before its API, which `build.rs` generates.
const HAND_WRITTEN: &str = "axum";

#[test]
fn the_examples_are_fresh() {
    let stale: Vec<String> = EXAMPLES
        .iter()
        .flat_map(|(name, edited)| stale_files(name, edited))
        .collect();
    assert!(
        stale.is_empty(),
        "not what wsgen makes of the documents now:\n  {}\nrefresh them by `{UPDATE}=1 cargo test --test integration examples` (or `.ci/refresh-examples` where they do not compile), and commit the result",
        stale.join("\n  ")
    );
}

#[test]
fn the_code_that_benchmarks_measure_is_fresh() {
    let folder = root().join("benches");
    let (_, files) = project(&folder.join("asyncapi.yaml"), &settings("wsgen-benches"));
    let generated = files
        .iter()
        .filter(|file| file.path.starts_with("src/generated/"));
    assert_eq!(differing(&folder, generated), Vec::<String>::new());
}

#[test]
fn every_example_is_looked_at() {
    let mut found: Vec<String> = fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.retain(|name| name != HAND_WRITTEN);
    found.sort();
    assert_eq!(found, EXAMPLES.map(|(name, _)| name));
}

/// The names of the examples.
pub fn names() -> impl Iterator<Item = &'static str> {
    EXAMPLES.into_iter().map(|(name, _)| name)
}

/// The files in `folder` that are not as they should be; nothing after an update.
fn differing<'f>(folder: &Path, files: impl Iterator<Item = &'f OutputFile>) -> Vec<String> {
    let update = std::env::var_os(UPDATE).is_some();
    let mut stale = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        if fs::read(&path).ok().as_ref() == Some(&file.contents) {
            continue;
        }
        if update {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &file.contents).unwrap();
        } else {
            stale.push(path.strip_prefix(root()).unwrap().display().to_string());
        }
    }
    stale
}

/// What differs from the generator's output; nothing after an update.
fn stale_files(name: &str, edited: &[&str]) -> Vec<String> {
    let folder = root().join("examples").join(name);
    let settings = Project {
        runtime: Runtime::Path("../../runtime".to_owned()),
        ..settings(name)
    };
    let options = Options {
        client: WITH_CLIENT.contains(&name),
        ..Options::default()
    };
    let (_, files) = project_with(&folder.join("asyncapi.yaml"), &settings, &options);
    for edited in edited {
        let differs = files.iter().any(|file| {
            file.path == *edited && fs::read(folder.join(edited)).unwrap() != file.contents
        });
        assert!(differs, "{name}: {edited} is not edited, or not scaffolded");
    }
    let update = std::env::var_os(UPDATE).is_some();
    let unedited = files.iter().filter(|file| !edited.contains(&&*file.path));
    let mut stale = differing(&folder, unedited);
    let generated = folder.join("src/generated");
    for left in files_below(&generated) {
        let path = format!("src/generated/{}", left.display());
        if files.iter().any(|file| file.path == path) {
            continue;
        }
        if update {
            fs::remove_file(generated.join(&left)).unwrap();
        } else {
            stale.push(format!("examples/{name}/{path} (is generated no more)"));
        }
    }
    stale
}
