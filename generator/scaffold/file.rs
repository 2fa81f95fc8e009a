//! Files that are the user's from then on.

use askama::Template;

use crate::output::{OutputFile, Ownership};

/// A file that a template makes.
pub(super) fn user_file(path: &str, template: &impl Template) -> Result<OutputFile, askama::Error> {
    Ok(user_text(path, template.render()?))
}

/// A file with this text, which ends with a line break.
pub(super) fn user_text(path: &str, contents: impl Into<String>) -> OutputFile {
    let mut contents = contents.into();
    if !contents.ends_with('\n') {
        contents.push('\n');
    }
    OutputFile {
        path: path.to_owned(),
        contents: contents.into_bytes(),
        ownership: Ownership::User,
    }
}
