//! Findings for other programs.

use super::Diagnostics;
use crate::document::Sources;

/// The findings as a JSON array.
pub fn render_json(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let _ = (diagnostics, sources);
    String::new()
}

/// The findings as a SARIF 2.1.0 log.
pub fn render_sarif(diagnostics: &Diagnostics, sources: &Sources) -> String {
    let _ = (diagnostics, sources);
    String::new()
}
