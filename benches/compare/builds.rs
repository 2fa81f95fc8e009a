//! What a user waits for: the first `cargo build` of a project, with everything that it depends on.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::report::Table;
use crate::run::{self, cargo, timed};

/// A project that is built for comparison.
struct Other {
    title: &'static str,
    manifest: &'static str,
    main: &'static str,
}

const OTHERS: [Other; 2] = [
    Other {
        title: "axum, an echo by hand",
        manifest: include_str!("builds/axum.toml"),
        main: include_str!("builds/axum.rs"),
    },
    Other {
        title: "tonic, hello world",
        manifest: include_str!("builds/tonic.toml"),
        main: include_str!("builds/tonic.rs"),
    },
];

/// Processor seconds and crates of a cold build in the default profile.
pub(crate) fn measure() -> io::Result<Table> {
    let folder = run::scratch("builds")?;
    let mut table = Table::new(["the first `cargo build`", "processor s", "crates"]);
    let generated = folder.join("generated");
    let wsgen = run::wsgen()?;
    timed(1, |_| {
        let mut init = Command::new(&wsgen);
        init.args(["init", "--quiet", "--minimal"]);
        init.arg(run::root().join("examples/echo/asyncapi.yaml"));
        init.arg(&generated);
        init
    })?;
    table.row(row("a generated project", &generated)?);
    for other in OTHERS {
        let project = folder.join(other.title.split(',').next().unwrap_or_default());
        fs::create_dir_all(project.join("src"))?;
        fs::write(project.join("Cargo.toml"), other.manifest)?;
        fs::write(project.join("src/main.rs"), other.main)?;
        // Without one Cargo leaves out the dependencies of the build.
        fs::write(project.join("build.rs"), "fn main() {}\n")?;
        table.row(row(other.title, &project)?);
    }
    Ok(table)
}

fn row(title: &str, project: &Path) -> io::Result<[String; 3]> {
    eprintln!("building {title} …");
    timed(1, |_| cargo(project, ["fetch", "--quiet"]))?;
    let target = project.join("target");
    let taken = timed(1, |_| {
        let mut build = cargo(project, ["build", "--offline", "--quiet"]);
        build.env("CARGO_TARGET_DIR", &target);
        build
    })?;
    // Every crate that was compiled has a folder of its own there.
    let crates = fs::read_dir(target.join("debug/.fingerprint"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<String>>>()?;
    let mut names: Vec<&str> = crates
        .iter()
        .filter_map(|name| Some(name.rsplit_once('-')?.0))
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok([
        title.to_owned(),
        format!("{:.0}", taken.processor.as_secs_f64()),
        names.len().to_string(),
    ])
}
