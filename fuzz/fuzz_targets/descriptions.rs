//! Any Markdown, once it is a comment: no code block that rustdoc would take for a test, and no HTML, whichever version
//! of its parser it has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsgen::markdown::inert;

/// Whether a text has something that runs, by the parser with this name.
macro_rules! runs {
    ($parser:ident, $text:expr) => {{
        use $parser::{CodeBlockKind, Event, Options, Parser, Tag};

        // What rustdoc asks of it.
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_SMART_PUNCTUATION;
        Parser::new_ext($text, options).any(|event| match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => &*language != "text",
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => true,
            Event::Html(_) | Event::InlineHtml(_) => true,
            _ => false,
        })
    }};
}

fuzz_target!(|paragraphs: Vec<String>| {
    let text = inert(paragraphs.iter().map(String::as_str));
    assert!(!runs!(pulldown_cmark, &text), "{text}");
    assert!(!runs!(next_markdown, &text), "{text}");
});
