//! Findings as rustc would print them.

use super::Diagnostics;
use crate::document::Sources;

/// The findings with the lines that they are about; with colours for a terminal that wants them.
pub fn render_human(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let _ = (diagnostics, sources, colour);
    String::new()
}
