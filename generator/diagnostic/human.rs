//! Findings as rustc would print them.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Location, Severity};
use crate::document::{SourceFile, Sources};
use crate::naming::is_invisible;

/// The findings with the lines that they are about; with colours for a terminal that wants them.
///
/// Characters that command a terminal or turn the direction of text are shown as replacement characters.
pub fn render_human(diagnostics: &Diagnostics, sources: &Sources, colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut output = String::new();
    for diagnostic in diagnostics.iter() {
        output.push_str(&renderer.render(&report(diagnostic, sources)));
        output.push_str("\n\n");
    }
    output
}

fn report<'r>(diagnostic: &'r Diagnostic, sources: &'r Sources) -> Vec<Group<'r>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level
        .primary_title(printable(&diagnostic.message))
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    if let Some(location) = &diagnostic.location {
        let file = sources.file(location.file);
        if file.text().is_empty() {
            group = group.element(Origin::path(printable(file.name())));
        } else {
            group =
                group.element(Excerpt::new(file, location).snippet(AnnotationKind::Primary, None));
        }
    }
    for (location, label) in &diagnostic.related {
        let excerpt = Excerpt::new(sources.file(location.file), location);
        group = group.element(excerpt.snippet(AnnotationKind::Context, Some(label)));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    vec![group]
}

/// The lines of a finding, cut to what is worth showing.
struct Excerpt {
    name: String,
    text: String,
    first_line: usize,
    /// Within `text`.
    span: Range<usize>,
}

impl Excerpt {
    /// Of a finding about many lines, only the first are shown.
    const MAX_LINES: usize = 1;
    /// Of a very long line, only what is this near is shown, in bytes.
    const REACH: usize = 400;

    fn new(file: &SourceFile, location: &Location) -> Excerpt {
        let (first_line, _) = file.position(location.span.start);
        let lines = file.line(first_line).start..file.line(first_line + Excerpt::MAX_LINES - 1).end;
        let text = file.text();
        let boundary = |offset: usize| {
            (0..=offset)
                .rev()
                .find(|&offset| text.is_char_boundary(offset))
                .unwrap_or(0)
        };
        let start = boundary(location.span.start.saturating_sub(Excerpt::REACH)).max(lines.start);
        let line_end = lines.start + text[lines.clone()].trim_end_matches(['\r', '\n']).len();
        let span_end = location
            .span
            .end
            .clamp(location.span.start, line_end.max(location.span.start));
        let end = boundary(span_end.min(location.span.start + Excerpt::REACH) + Excerpt::REACH)
            .min(line_end)
            .max(location.span.start);
        let before = printable(&text[start..location.span.start]);
        let marked = printable(&text[location.span.start..span_end.min(end)]);
        let after = printable(&text[span_end.min(end)..end]);
        Excerpt {
            name: printable(file.name()),
            span: before.len()..before.len() + marked.len(),
            text: before + &marked + &after,
            first_line,
        }
    }

    fn snippet<'s>(
        self,
        kind: AnnotationKind,
        label: Option<&str>,
    ) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
        Snippet::source(self.text)
            .path(self.name)
            .line_start(self.first_line)
            .annotation(kind.span(self.span).label(label.map(printable)))
    }
}

/// The text without characters that command a terminal or turn the direction of text.
fn printable(text: &str) -> String {
    let harmful = |c: char| c != '\n' && c != '\t' && is_invisible(c);
    text.replace(harmful, "\u{fffd}")
}
