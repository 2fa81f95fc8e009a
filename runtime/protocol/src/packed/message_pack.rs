//! MessagePack, by the specification of msgpack.org.

use std::borrow::Cow;

use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};
use rmp::encode::{self, ValueWriteError};
use serde::Serialize;
use serde_json::Value;

use super::super::{DecodeError, Frame};
use super::{Json, json_value};
use crate::{EncodeError, Message};

/// The payload of a binary frame as JSON text; that of a text frame is taken for JSON already.
///
/// # Errors
/// [`DecodeErrorKind::Malformed`](super::super::DecodeErrorKind::Malformed) for what is not one whole value of MessagePack, and
/// [`DecodeErrorKind::Invalid`](super::super::DecodeErrorKind::Invalid) for what JSON cannot say: extension types, numbers that
/// are not finite, keys that are neither text nor integers.
pub fn message_pack_as_json(frame: &Frame) -> Result<Cow<'_, [u8]>, DecodeError> {
    if frame.is_text() {
        return Ok(Cow::Borrowed(frame.bytes()));
    }
    let mut reader = Reader {
        rest: frame.bytes(),
        json: Json::default(),
    };
    reader.value()?;
    if !reader.rest.is_empty() {
        return Err(DecodeError::malformed("bytes follow the MessagePack value"));
    }
    Ok(Cow::Owned(reader.json.text))
}

/// Serialises one message as a binary frame, which says what its JSON would say.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn to_message_pack<T: Serialize>(message: &T) -> Result<Message, EncodeError> {
    let mut bytes = Vec::new();
    write(&mut bytes, &json_value(message)?)
        .map_err(|error| EncodeError::new(error.to_string()))?;
    Ok(Message::from(bytes))
}

struct Reader<'f> {
    rest: &'f [u8],
    json: Json,
}

impl<'f> Reader<'f> {
    fn value(&mut self) -> Result<(), DecodeError> {
        let rest = &mut self.rest;
        let json = &mut self.json;
        match read_marker(rest).map_err(|_| truncated())? {
            Marker::Null => json.scalar(()),
            Marker::False => json.scalar(false),
            Marker::True => json.scalar(true),
            Marker::F32 => json.float(rest.read_data_f32().map_err(cut)?),
            Marker::F64 => json.float(rest.read_data_f64().map_err(cut)?),
            Marker::FixPos(number) => json.scalar(number),
            Marker::FixNeg(number) => json.scalar(number),
            Marker::U8 => json.scalar(rest.read_data_u8().map_err(cut)?),
            Marker::U16 => json.scalar(rest.read_data_u16().map_err(cut)?),
            Marker::U32 => json.scalar(rest.read_data_u32().map_err(cut)?),
            Marker::U64 => json.scalar(rest.read_data_u64().map_err(cut)?),
            Marker::I8 => json.scalar(rest.read_data_i8().map_err(cut)?),
            Marker::I16 => json.scalar(rest.read_data_i16().map_err(cut)?),
            Marker::I32 => json.scalar(rest.read_data_i32().map_err(cut)?),
            Marker::I64 => json.scalar(rest.read_data_i64().map_err(cut)?),
            marker => self.sized(marker),
        }
    }

    /// A value that begins with its length.
    fn sized(&mut self, marker: Marker) -> Result<(), DecodeError> {
        let length = self.length(marker)?;
        match marker {
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let text = self.text(length)?;
                self.json.scalar(text)
            }
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
                let bytes = self.take(length)?;
                self.json.bytes(bytes)
            }
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => self.list(length),
            _ => self.object(length),
        }
    }

    /// Every item takes at least one byte, so a list that claims more than there is ends soon.
    fn list(&mut self, length: usize) -> Result<(), DecodeError> {
        self.json.open(b'[')?;
        for index in 0..length {
            self.json.comma(index == 0);
            self.value()?;
        }
        self.json.close(b']');
        Ok(())
    }

    fn object(&mut self, length: usize) -> Result<(), DecodeError> {
        self.json.open(b'{')?;
        for index in 0..length {
            self.json.comma(index == 0);
            let start = self.json.text.len();
            self.value()?;
            self.json.end_key(start)?;
            self.value()?;
        }
        self.json.close(b'}');
        Ok(())
    }

    /// The length that follows a marker, or is part of it.
    fn length(&mut self, marker: Marker) -> Result<usize, DecodeError> {
        let length = match marker {
            Marker::FixStr(length) | Marker::FixArray(length) | Marker::FixMap(length) => {
                u32::from(length)
            }
            Marker::Str8 | Marker::Bin8 => u32::from(self.rest.read_data_u8().map_err(cut)?),
            Marker::Str16 | Marker::Bin16 | Marker::Array16 | Marker::Map16 => {
                u32::from(self.rest.read_data_u16().map_err(cut)?)
            }
            Marker::Str32 | Marker::Bin32 | Marker::Array32 | Marker::Map32 => {
                self.rest.read_data_u32().map_err(cut)?
            }
            Marker::Reserved => return Err(DecodeError::malformed("not MessagePack")),
            _ => return Err(DecodeError::invalid("extension types are not read")),
        };
        usize::try_from(length).map_err(|_| truncated())
    }

    fn text(&mut self, length: usize) -> Result<&'f str, DecodeError> {
        std::str::from_utf8(self.take(length)?)
            .map_err(|_| DecodeError::malformed("a text of MessagePack that is not UTF-8"))
    }

    fn take(&mut self, length: usize) -> Result<&'f [u8], DecodeError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(truncated)?;
        self.rest = rest;
        Ok(bytes)
    }
}

fn write(bytes: &mut Vec<u8>, value: &Value) -> Result<(), ValueWriteError> {
    // What is longer than 32 bits can say does not fit into memory with its frame.
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    match value {
        Value::Null => encode::write_nil(bytes).map_err(ValueWriteError::InvalidMarkerWrite),
        Value::Bool(value) => {
            encode::write_bool(bytes, *value).map_err(ValueWriteError::InvalidMarkerWrite)
        }
        Value::Number(number) => {
            if let Some(number) = number.as_u64() {
                encode::write_uint(bytes, number).map(drop)
            } else if let Some(number) = number.as_i64() {
                encode::write_sint(bytes, number).map(drop)
            } else {
                encode::write_f64(bytes, number.as_f64().unwrap_or_default())
            }
        }
        Value::String(text) => encode::write_str(bytes, text),
        Value::Array(items) => {
            encode::write_array_len(bytes, length(items.len()))?;
            items.iter().try_for_each(|item| write(bytes, item))
        }
        Value::Object(entries) => {
            encode::write_map_len(bytes, length(entries.len()))?;
            entries.iter().try_for_each(|(key, value)| {
                encode::write_str(bytes, key)?;
                write(bytes, value)
            })
        }
    }
}

fn truncated() -> DecodeError {
    DecodeError::malformed("the MessagePack value goes on beyond the frame")
}

fn cut<E>(_: E) -> DecodeError {
    truncated()
}
