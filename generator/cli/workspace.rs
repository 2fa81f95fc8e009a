//! Where a new project comes to lie: below a workspace, and beside which runtime.

use std::path::{Component, Path, PathBuf};

use wsgen::scaffold::Runtime;

/// Whether a workspace above `folder` would claim the project without having it as a member.
///
/// Cargo refuses such a package until it says that it is a workspace of its own.
pub(super) fn is_foreign(folder: &Path) -> bool {
    folder
        .ancestors()
        .skip(1)
        .find_map(|ancestor| {
            members(&ancestor.join("Cargo.toml")).map(|members| !lists(&members, ancestor, folder))
        })
        .unwrap_or(false)
}

/// The runtime of the checkout that this program was built in, or of the registry once it is installed.
pub(super) fn runtime(folder: &Path) -> Runtime {
    of_checkout("runtime", folder)
}

/// wsgen itself, for `build.rs`, from the same place.
pub(super) fn wsgen(folder: &Path) -> Runtime {
    of_checkout("", folder)
}

/// The crate in this folder of the checkout, as `project` refers to it.
fn of_checkout(krate: &str, project: &Path) -> Runtime {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let local: PathBuf = checkout.join(krate).components().collect();
    if !local.join("Cargo.toml").is_file() || !checkout.join("runtime/Cargo.toml").is_file() {
        return Runtime::Version(env!("CARGO_PKG_VERSION").to_owned());
    }
    let path = if project.starts_with(checkout) {
        relative(project, &local)
    } else {
        local
    };
    Runtime::Path(slashes(&path))
}

/// The runtime in a folder that the user names.
pub(super) fn runtime_at(path: &Path) -> Runtime {
    Runtime::Path(slashes(&absolute(path)))
}

/// The path without links to itself or its parents, whether it exists or not.
pub(super) fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut clean = PathBuf::new();
    for component in absolute.components() {
        if component == Component::ParentDir {
            clean.pop();
        } else {
            clean.push(component);
        }
    }
    clean
}

/// The members of the workspace in a manifest; `None` where there is no workspace.
fn members(manifest: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(manifest).ok()?;
    let table: toml::Table = text.parse().ok()?;
    let workspace = table.get("workspace")?;
    let members = workspace.get("members").and_then(toml::Value::as_array);
    Some(
        members
            .into_iter()
            .flatten()
            .filter_map(|member| member.as_str().map(str::to_owned))
            .collect(),
    )
}

fn lists(members: &[String], workspace: &Path, folder: &Path) -> bool {
    let Ok(inside) = folder.strip_prefix(workspace) else {
        return false;
    };
    let inside = slashes(inside);
    members
        .iter()
        .any(|member| match member.strip_suffix("/*") {
            Some(parent) => inside
                .rsplit_once('/')
                .is_some_and(|(folder, _)| folder == parent),
            None => *member == inside,
        })
}

fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
