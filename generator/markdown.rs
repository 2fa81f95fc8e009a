//! Markdown of a document, so that nothing of it runs where it is shown.
//!
//! Descriptions are CommonMark, and become doc comments. rustdoc takes a code block for a test, which `cargo test`
//! compiles and runs, and hands HTML to the browser as it is. Whoever may write a document is not thereby trusted with
//! the machine that builds, so a description is read by the parser that rustdoc has, and what would run is rewritten.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use crate::naming::visible;

/// The paragraphs, one after the other, as Markdown in which no code block is a test of rustdoc's, no HTML is any, and no
/// link runs a script; control characters and others that are not seen stand there by their codes.
///
/// Apart from that it reads as the document has it.
#[must_use]
pub fn inert<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> String {
    let mut paragraphs: Vec<String> = paragraphs
        .into_iter()
        .map(plain)
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    // What a paragraph leaves open, it would open for the next.
    if paragraphs.len() > 1 {
        for paragraph in &mut paragraphs {
            *paragraph = rewritten(std::mem::take(paragraph));
        }
    }
    rewritten(paragraphs.join("\n\n"))
}

/// Text of a document on one line: nothing in it ends the line or hides what follows.
#[must_use]
pub fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    visible(&words.join(" ")).into_owned()
}

/// The same as code.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", line(text).replace('`', "'"))
}

/// The same as Markdown that is no markup: neither a code block, which rustdoc would take for a test, nor HTML, which a
/// page with the README might have run.
#[must_use]
pub fn words(text: &str) -> String {
    literal(&line(text))
}

/// Text of a document on a line of Markdown: it looks like itself, and is no markup.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_markup = match c {
            // Inside a word it means nothing, and `user_id` is easier to read than `user\_id`.
            '_' => {
                let after = rest.clone().next().unwrap_or(' ');
                !(before.is_alphanumeric() && after.is_alphanumeric())
            }
            // At the beginning: a heading, a list or a quote.
            '#' | '-' | '+' | '>' => literal.is_empty(),
            '.' | ')' => !literal.is_empty() && literal.bytes().all(|byte| byte.is_ascii_digit()),
            _ => matches!(
                c,
                '\\' | '`' | '*' | '[' | ']' | '{' | '}' | '<' | '&' | '~' | '|' | '$'
            ),
        };
        if is_markup {
            literal.push('\\');
        }
        literal.push(c);
        before = c;
    }
    literal
}

/// What a link may lead to. Anything else, such as `javascript:`, stays text.
const SCHEMES: [&str; 5] = ["http", "https", "mailto", "ws", "wss"];

/// How often what came of a rewrite is rewritten: nested structures come apart one layer at a time.
const ROUNDS: usize = 12;

/// The options that rustdoc parses doc comments with.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_SMART_PUNCTUATION);

/// The lines of a text without what is not seen: tabs as spaces, no carriage returns, nothing at their ends.
fn plain(text: &str) -> String {
    let lines: Vec<String> = text
        .trim()
        .lines()
        .map(|line| visible(&line.trim_end().replace('\t', "    ")).into_owned())
        .collect();
    lines.join("\n")
}

/// Rewrites what would run until nothing is left of it.
fn rewritten(mut text: String) -> String {
    if !may_run(&text) {
        return text;
    }
    for _ in 0..ROUNDS {
        match edits(&text) {
            Some(edits) if edits.is_empty() => return closed(text),
            Some(edits) => apply(edits, &mut text),
            None => break,
        }
    }
    fenced(&text)
}

/// Whether there is anything to parse for: most texts are words.
fn may_run(text: &str) -> bool {
    ["```", "~~~", "    ", "<", "["]
        .iter()
        .any(|sign| text.contains(sign))
}

/// A part of a text, and what stands there instead.
type Edit = (Range<usize>, String);

/// Replaces the parts, none of which overlaps another.
fn apply(mut edits: Vec<Edit>, text: &mut String) {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    edits.dedup();
    for (range, replacement) in edits.into_iter().rev() {
        text.replace_range(range, &replacement);
    }
}

/// What has to change for nothing to run; `None` where it cannot be told how.
fn edits(text: &str) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut events = Parser::new_ext(text, OPTIONS).into_offset_iter();
    while let Some((event, range)) = events.next() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if &*language != TEXT => {
                edits.push(language_of(text, &range));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                let lines = events
                    .by_ref()
                    .take_while(|(event, _)| !matches!(event, Event::End(_)))
                    .map(|(_, line)| line.start);
                edits.extend(unindented(text, &range, lines)?);
            }
            Event::Html(_) | Event::InlineHtml(_) => {
                let signs = text[range.clone()].match_indices('<');
                edits.extend(signs.map(|(at, _)| before(range.start + at)));
            }
            // CommonMark, which descriptions are, has no footnotes.
            Event::Start(Tag::FootnoteDefinition(_)) | Event::FootnoteReference(_) => {
                edits.push(before(range.start));
            }
            Event::Start(Tag::Item) => edits.extend(doubtful_box(text, range.start).map(before)),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. })
                if !leads_somewhere(&dest_url) =>
            {
                edits.push(before(range.start));
            }
            _ => {}
        }
    }
    Some(edits)
}

/// Where an item of a list has the box of a task with something other than words behind it: whether that may be code, one
/// version of the parser sees otherwise than the next.
fn doubtful_box(text: &str, item: usize) -> Option<usize> {
    let sign = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '*' | '.' | ')' | ' ');
    let task = text[item..].trim_start_matches(sign);
    let behind = ["[ ]", "[x]", "[X]"]
        .iter()
        .find_map(|sign| task.strip_prefix(sign))?;
    let words = behind.strip_prefix(' ').unwrap_or(behind);
    let doubtful = !words.starts_with(char::is_alphabetic);
    doubtful.then(|| text.len() - task.len())
}

/// The language that is none: rustdoc takes a block without one for Rust.
const TEXT: &str = "text";

/// A backslash, so that what is there is no markup.
fn before(at: usize) -> Edit {
    (at..at, "\\".to_owned())
}

/// Gives a fenced block the language that is none.
fn language_of(text: &str, block: &Range<usize>) -> Edit {
    let start = block.start + fence(&text[block.start..]).len();
    let rest = &text[start..];
    let end = start + rest.find('\n').unwrap_or(rest.len());
    (start..end, TEXT.to_owned())
}

/// The backticks or tildes that a line begins with.
fn fence(line: &str) -> &str {
    let sign = line.chars().next().unwrap_or('`');
    let end = line.find(|c| c != sign).unwrap_or(line.len());
    &line[..end]
}

/// Puts an indented block, whose `lines` begin where they say, between fences in the same list items and quotes.
fn unindented(
    text: &str,
    block: &Range<usize>,
    lines: impl Iterator<Item = usize>,
) -> Option<Vec<Edit>> {
    const INDENT: &str = "    ";
    let mut edits = Vec::new();
    for line in lines {
        let start = line.checked_sub(INDENT.len())?;
        (text.get(start..line)? == INDENT).then(|| edits.push((start..line, String::new())))?;
    }
    let first = edits.first_mut()?;
    let begin = text[..block.start].rfind('\n').map_or(0, |end| end + 1);
    // A quote goes on by its sign, an item of a list by its indentation.
    let container: String = text[begin..first.0.start]
        .chars()
        .map(|c| if c == '>' { c } else { ' ' })
        .collect();
    let fence = longer_fence(&text[block.clone()]);
    first.1 = format!("{fence}{TEXT}\n{container}");
    let end = block.start + text[block.clone()].trim_end_matches('\n').len();
    edits.push((end..end, format!("\n{container}{fence}")));
    Some(edits)
}

/// A fence that no line of the text ends.
fn longer_fence(text: &str) -> String {
    let runs = text.split(|c| c != '`').map(str::len);
    "`".repeat(runs.max().unwrap_or_default().max(2) + 1)
}

/// Whether a link leads to a page, or to a place in this one.
fn leads_somewhere(url: &str) -> bool {
    match url.find([':', '/', '?', '#']) {
        Some(end) if url[end..].starts_with(':') => SCHEMES
            .iter()
            .any(|scheme| url[..end].eq_ignore_ascii_case(scheme)),
        _ => true,
    }
}

/// Ends the fenced block that is open at the end, if one is.
fn closed(text: String) -> String {
    const AFTER: &str = "\n\nafter";
    let probe = format!("{text}{AFTER}");
    let open = Parser::new_ext(&probe, OPTIONS)
        .into_offset_iter()
        .find(|(event, range)| {
            matches!(event, Event::Start(Tag::CodeBlock(_))) && range.end == probe.len()
        });
    match open {
        Some((_, block)) => format!("{text}\n{}", fence(&text[block.start..])),
        None => text,
    }
}

/// The whole text as one block, which holds no other, whoever parses it.
fn fenced(text: &str) -> String {
    let fence = longer_fence(text);
    format!("{fence}{TEXT}\n{text}\n{fence}")
}
