//! MessagePack and CBOR: other ways to write what JSON says.
//!
//! A received frame becomes JSON text once and goes the way of all JSON from there: the same types, the same choice among
//! messages, the same checks. What JSON has no word for finds one here: bytes are base64 (RFC 4648, section 4), as a schema
//! says by `format: byte`, and integers may be keys. What is longer than the frame or deeper than 127 levels is refused
//! before anything is allocated for it; the text is at most eight times as long as the frame.

#[cfg(feature = "cbor")]
mod cbor;
#[cfg(feature = "msgpack")]
mod message_pack;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
#[cfg(feature = "cbor")]
pub use cbor::{cbor_as_json, to_cbor};
#[cfg(feature = "msgpack")]
pub use message_pack::{message_pack_as_json, to_message_pack};
use serde::Serialize;
use serde_json::Value;

use crate::{DecodeError, EncodeError};

/// How deep values are nested at most: as deep as JSON is read.
const MAX_DEPTH: usize = 127;

/// What a message says: outbound messages go the same way as inbound ones.
fn json_value<T: Serialize>(message: &T) -> Result<Value, EncodeError> {
    serde_json::to_value(message).map_err(|error| EncodeError::new(error.to_string()))
}

/// JSON text under construction.
#[derive(Default)]
struct Json {
    text: Vec<u8>,
    depth: usize,
}

impl Json {
    /// A value that is no list and no object.
    fn scalar(&mut self, value: impl Serialize) -> Result<(), DecodeError> {
        Ok(serde_json::to_writer(&mut self.text, &value)?)
    }

    fn float(&mut self, value: impl Serialize + Into<f64> + Copy) -> Result<(), DecodeError> {
        if !value.into().is_finite() {
            return Err(DecodeError::invalid("a number that is not finite"));
        }
        self.scalar(value)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.scalar(STANDARD.encode(bytes))
    }

    /// Goes one level down.
    fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("values are nested deeper than {MAX_DEPTH} levels");
            return Err(DecodeError::malformed(message));
        }
        Ok(())
    }

    /// Comes back from there.
    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn open(&mut self, bracket: u8) -> Result<(), DecodeError> {
        self.text.push(bracket);
        self.enter()
    }

    fn close(&mut self, bracket: u8) {
        self.text.push(bracket);
        self.leave();
    }

    /// What stands before an item but the first.
    fn comma(&mut self, is_first: bool) {
        if !is_first {
            self.text.push(b',');
        }
    }

    /// Makes a key of the value written from `start` on: an integer is put in quotes.
    fn end_key(&mut self, start: usize) -> Result<(), DecodeError> {
        let written = &self.text[start..];
        let is_integer = |key: &[u8]| key.iter().all(|byte| matches!(byte, b'-' | b'0'..=b'9'));
        if is_integer(written) {
            self.text.insert(start, b'"');
            self.text.push(b'"');
        } else if !written.starts_with(b"\"") {
            let message = "a key that is neither text nor an integer";
            return Err(DecodeError::invalid(message));
        }
        self.text.push(b':');
        Ok(())
    }
}

#[cfg(all(test, feature = "cbor", feature = "msgpack"))]
mod tests;
