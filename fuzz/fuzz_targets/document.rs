//! Any bytes are a document or are refused: nothing panics, hangs or eats memory on the way from text to findings.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wsgen::diagnostic::{Diagnostics, render_human, render_json};
use wsgen::document::Sources;
use wsgen::{ChannelLayout, Options, Perspective};

fuzz_target!(|bytes: &[u8]| {
    let name = match bytes.first() {
        Some(b'{') => "asyncapi.json",
        _ => "asyncapi.yaml",
    };
    for (perspective, channels) in [
        (Perspective::Server, ChannelLayout::Auto),
        (Perspective::Client, ChannelLayout::Multiplex),
    ] {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text(name, bytes, &mut diagnostics);
        let options = Options {
            perspective,
            channels,
            ..Options::default()
        };
        wsgen::understand(&sources, &options, &mut diagnostics);
        render_human(&diagnostics, &sources, false);
        render_json(&diagnostics, &sources);
    }
});
