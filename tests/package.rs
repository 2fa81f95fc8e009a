//! The packed crates are whole: wsgen runs from its own tarball, and what it makes compiles with the packed runtime.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::root;

/// What is published: wsgen, and the crates of the runtime.
const PACKAGES: [&str; 9] = [
    "wsgen",
    "wsgen-authentication",
    "wsgen-client",
    "wsgen-config",
    "wsgen-https",
    "wsgen-otel",
    "wsgen-protocol",
    "wsgen-runtime",
    "wsgen-topics",
];

/// Packing resolves against the registry and builds wsgen once more, so this runs with `WSGEN_SLOW_TESTS` only.
#[test]
fn wsgen_runs_from_its_tarball() {
    if std::env::var_os("WSGEN_SLOW_TESTS").is_none() {
        println!("skipped: set WSGEN_SLOW_TESTS");
        return;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
    let mut pack = vec!["package", "--allow-dirty", "--no-verify", "--quiet"];
    pack.extend(PACKAGES.iter().flat_map(|name| ["-p", name]));
    cargo(root(), &target, &pack);
    let unpacked = tempfile::tempdir().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    for name in PACKAGES {
        let tarball = target.join(format!("package/{name}-{version}.crate"));
        let status = Command::new("tar")
            .arg("-xzf")
            .arg(tarball)
            .current_dir(unpacked.path())
            .status();
        assert!(status.unwrap().success());
    }
    let wsgen = unpacked.path().join(format!("wsgen-{version}"));
    for absent in ["tests", "examples", "fuzz", "runtime", ".ci"] {
        assert!(!wsgen.join(absent).exists(), "{absent} is packed");
    }
    let demo = unpacked.path().join("demo");
    let document = root().join("examples/chat/asyncapi.yaml");
    let [document, folder] = [&document, &demo].map(|path| path.to_str().unwrap());
    cargo(
        &wsgen,
        &target,
        &["run", "--quiet", "--", "init", document, folder],
    );

    let manifest = fs::read_to_string(demo.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains(&format!("wsgen-runtime = \"{version}\"")),
        "{manifest}"
    );
    // The registry has this version only once it is published.
    let patches = PACKAGES[1..]
        .iter()
        .map(|name| format!("{name} = {{ path = \"../{name}-{version}\" }}\n"));
    let patch: String = patches.collect();
    let manifest = format!("{manifest}\n[patch.crates-io]\n{patch}");
    fs::write(demo.join("Cargo.toml"), manifest).unwrap();
    cargo(&demo, &target, &["check", "--quiet", "--all-targets"]);
}

/// Runs Cargo, which must not fail.
fn cargo(folder: &Path, target: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(
        output.status.success(),
        "cargo {}\n{out}{err}",
        arguments.join(" ")
    );
    output
}
