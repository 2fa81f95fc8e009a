//! From the bytes of a file to its values.

use super::builder::Builder;
use super::tree::Tree;
use super::{json, yaml};
use crate::diagnostic::{Code, Diagnostics};
use crate::place::{FileId, Location};

/// The text of a file: UTF-8 without a byte order mark or NUL characters; what is wrong with it is reported.
pub(super) fn decode(file: FileId, bytes: Vec<u8>, diagnostics: &mut Diagnostics) -> String {
    let bytes = match bytes.strip_prefix("\u{feff}".as_bytes()) {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let text = String::from_utf8_lossy(&bytes[..valid]).into_owned();
            let location = Location {
                file,
                span: valid..valid,
            };
            diagnostics
                .error(
                    Code::NotUtf8,
                    location,
                    format!("the byte 0x{:02x} here is not UTF-8 text", bytes[valid]),
                )
                .help(encoding_help(&bytes));
            return text;
        }
    };
    if let Some(offset) = text.find('\0') {
        let location = Location {
            file,
            span: offset..offset + 1,
        };
        diagnostics
            .error(Code::NotUtf8, location, "a NUL character, which no text has")
            .help("remove it; if there are many, the file is binary or in another encoding: save it as UTF-8");
    }
    text
}

fn encoding_help(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16: save it as UTF-8",
        [0x1f, 0x8b, ..] => "the file is compressed: unpack it",
        _ => "save the file as UTF-8",
    }
}

/// The values of a text; without a root where it is neither JSON nor YAML, which is reported.
pub(super) fn parse(
    file: FileId,
    text: &str,
    is_json: bool,
    diagnostics: &mut Diagnostics,
) -> Tree {
    let mut builder = Builder::new(file, diagnostics);
    let complete = match json::check(text) {
        Ok(()) => json::build(text, &mut builder),
        Err(fault) if is_json && text.trim_start().starts_with(['{', '[']) => builder.fail(fault),
        Err(_) => yaml::build(text, &mut builder),
    };
    let mut tree = builder.finish();
    if complete.is_err() {
        tree.root = None;
    }
    tree
}
