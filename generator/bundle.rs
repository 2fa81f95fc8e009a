//! All generated modules in one file, for `include!` in a module of the user's.

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
    for file in files {
        let Some((name, code)) = module(file) else {
            continue;
        };
        text.push_str(&format!("\n#[allow({lints})]\npub mod {name} {{\n"));
        for line in code.lines() {
            let indent = if line.is_empty() { "" } else { "    " };
            text.push_str(&format!("{indent}{line}\n"));
        }
        text.push_str("}\n");
    }
    text
}

/// The name and the code of a module; `None` for the one that joins the others.
fn module(file: &OutputFile) -> Option<(String, String)> {
    let (_, file_name) = file.path.rsplit_once('/')?;
    let name = file_name
        .strip_suffix(".rs")
        .filter(|name| *name != "mod")?;
    let text = String::from_utf8_lossy(&file.contents);
    // Its header is the bundle's.
    let code = text.split_once('\n').map_or("", |(_, code)| code);
    Some((raw_identifier(name), code.to_owned()))
}
