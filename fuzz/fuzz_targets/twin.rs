//! Any text in the place of a document's names, descriptions, constants and examples: the files have the shape of those
//! of a document with harmless words there.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wsgen::output::OutputFile;

#[path = "../../tests/support/twin.rs"]
mod twin;

/// The shapes of all files.
fn shapes(text: &str) -> Vec<String> {
    let shape = |file: &OutputFile| match twin::shape(file) {
        Ok(shape) => shape,
        Err(fault) => panic!(
            "{}: {fault}\n{}",
            file.path,
            String::from_utf8_lossy(&file.contents)
        ),
    };
    match twin::files(&twin::document(text), false) {
        Ok(files) => files.iter().map(shape).collect(),
        Err(findings) => panic!("refused\n{findings}"),
    }
}

fuzz_target!(|text: &str| {
    static BENIGN: OnceLock<Vec<String>> = OnceLock::new();
    let benign = BENIGN.get_or_init(|| shapes(twin::BENIGN));
    let found = shapes(text);
    assert_eq!(found.len(), benign.len());
    for (found, benign) in found.iter().zip(benign) {
        assert!(found == benign, "{found}\ninstead of\n{benign}");
    }
});
