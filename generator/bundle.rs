//! All generated modules in one file, for `include!` in a module of the user's.

use std::collections::BTreeMap;

use crate::naming::raw_identifier;
use crate::output::OutputFile;
use crate::render::ALLOWED;

/// The modules of the generated `files` inside one text.
///
/// An included file can have no inner attributes of its own: what `mod.rs` says of all modules is said of each.
pub(crate) fn bundle(files: &[OutputFile], header: &str) -> String {
    let lints: Vec<String> = ALLOWED
        .into_iter()
        .map(|(tool, lint)| format!("{tool}::{lint}"))
        .collect();
    let lints = lints.join(", ");
    let mut text = format!("{header}\n");
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    for file in files {
        let Some(module) = Module::of(file) else {
            continue;
        };
        let code = module.render();
        match module.folder {
            None => text.push_str(&format!("\n#[allow({lints})]\n{code}")),
            Some(folder) => folders.entry(folder).or_default().push_str(&code),
        }
    }
    for (folder, code) in folders {
        let module = inside(folder, &code);
        text.push_str(&format!("\n#[allow({lints})]\n{module}"));
    }
    text
}

/// The module of a file.
struct Module<'f> {
    /// The folder below that of all modules, if there is one.
    folder: Option<&'f str>,
    name: &'f str,
    code: &'f [u8],
}

impl<'f> Module<'f> {
    /// `None` for a file that only joins others.
    fn of(file: &'f OutputFile) -> Option<Self> {
        let path = file.path.strip_prefix("src/generated/")?;
        let (folder, file_name) = match path.rsplit_once('/') {
            Some((folder, name)) => (Some(folder), name),
            None => (None, path),
        };
        let name = file_name.strip_suffix(".rs")?;
        (name != "mod").then_some(Self {
            folder,
            name,
            code: &file.contents,
        })
    }

    fn render(&self) -> String {
        let text = String::from_utf8_lossy(self.code);
        // Its header is the bundle's.
        inside(
            self.name,
            text.split_once('\n').map_or("", |(_, code)| code),
        )
    }
}

/// The code as a module of this name.
fn inside(name: &str, code: &str) -> String {
    let mut text = format!("pub mod {} {{\n", raw_identifier(name));
    for line in code.lines() {
        let indent = if line.is_empty() { "" } else { "    " };
        text.push_str(&format!("{indent}{line}\n"));
    }
    text.push_str("}\n");
    text
}
