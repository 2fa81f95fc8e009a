//! CBOR (RFC 8949).

use std::borrow::Cow;

use cbor4ii::core::dec::{self, Decode, Read};
use cbor4ii::core::enc::{self, Encode};
use cbor4ii::core::types::{Array, Bytes, F16, Map, Null, Tag};
use cbor4ii::core::utils::{BufWriter, SliceReader};
use cbor4ii::core::{major, marker};
use serde::Serialize;
use serde_json::Value;

use super::super::{DecodeError, Frame};
use super::{Json, json_value};
use crate::{EncodeError, Message};

/// The payload of a binary frame as JSON text; that of a text frame is taken for JSON already.
///
/// Tags (section 3.4) say more about a value than JSON can: the value counts without them.
///
/// # Errors
/// [`DecodeErrorKind::Malformed`](super::super::DecodeErrorKind::Malformed) for what is not one whole data item, and
/// [`DecodeErrorKind::Invalid`](super::super::DecodeErrorKind::Invalid) for what JSON cannot say: simple values but true,
/// false, null and undefined, which is null, numbers of more than 64 bits or that are not finite, keys that are neither
/// text nor integers.
pub fn cbor_as_json(frame: &Frame) -> Result<Cow<'_, [u8]>, DecodeError> {
    if frame.is_text() {
        return Ok(Cow::Borrowed(frame.bytes()));
    }
    let mut reader = Reader {
        input: SliceReader::new(frame.bytes()),
        json: Json::default(),
    };
    reader.value()?;
    if reader.peek().is_ok() {
        return Err(DecodeError::malformed("bytes follow the CBOR value"));
    }
    Ok(Cow::Owned(reader.json.text))
}

/// Serialises one message as a binary frame, which says what its JSON would say.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn to_cbor<T: Serialize>(message: &T) -> Result<Message, EncodeError> {
    let mut writer = BufWriter::new(Vec::new());
    write(&mut writer, &json_value(message)?)
        .map_err(|error| EncodeError::new(error.to_string()))?;
    Ok(Message::from(writer.into_inner()))
}

/// Tags of numbers that 64 bits do not hold (section 3.4.3 and 3.4.4): their bytes would be taken for something else.
const BIG_NUMBERS: std::ops::RangeInclusive<u64> = 2..=5;

struct Reader<'f> {
    input: SliceReader<'f>,
    json: Json,
}

impl<'f> Reader<'f> {
    fn value(&mut self) -> Result<(), DecodeError> {
        let first = self.peek()?;
        match dec::if_major(first) {
            major::UNSIGNED => {
                let number: u64 = self.item()?;
                self.json.scalar(number)
            }
            major::NEGATIVE => {
                let number: i128 = self.item()?;
                self.json.scalar(number)
            }
            major::BYTES => {
                let Bytes(bytes) = self.item::<Bytes<Cow<'f, [u8]>>>()?;
                self.json.bytes(&bytes)
            }
            major::STRING => {
                let text: Cow<'f, str> = self.item()?;
                self.json.scalar(text)
            }
            major::ARRAY => self.list(),
            major::MAP => self.object(),
            major::TAG => self.tagged(),
            _ => self.simple(first),
        }
    }

    fn simple(&mut self, first: u8) -> Result<(), DecodeError> {
        match first {
            marker::F16 => {
                let F16(bits) = self.item()?;
                return self.json.float(half(bits));
            }
            marker::F32 => {
                let number: f32 = self.item()?;
                return self.json.float(number);
            }
            marker::F64 => {
                let number: f64 = self.item()?;
                return self.json.float(number);
            }
            marker::FALSE => self.json.scalar(false)?,
            marker::TRUE => self.json.scalar(true)?,
            marker::NULL | marker::UNDEFINED => self.json.scalar(())?,
            marker::BREAK => {
                return Err(DecodeError::malformed("CBOR that ends what did not begin"));
            }
            _ => {
                return Err(DecodeError::invalid(
                    "a simple value that JSON does not have",
                ));
            }
        }
        self.input.advance(1);
        Ok(())
    }

    /// What is tagged counts; tags of tags are a level each.
    fn tagged(&mut self) -> Result<(), DecodeError> {
        let tag = Tag::<()>::tag(&mut self.input).map_err(malformed)?;
        if BIG_NUMBERS.contains(&tag) {
            return Err(DecodeError::invalid("a number of more than 64 bits"));
        }
        self.json.enter()?;
        self.value()?;
        self.json.leave();
        Ok(())
    }

    /// Every item takes at least one byte, so a list that claims more than there is ends soon.
    fn list(&mut self) -> Result<(), DecodeError> {
        let length = Array::<()>::len(&mut self.input).map_err(malformed)?;
        self.json.open(b'[')?;
        let mut items = 0;
        while self.goes_on(items, length)? {
            self.json.comma(items == 0);
            self.value()?;
            items += 1;
        }
        self.json.close(b']');
        Ok(())
    }

    fn object(&mut self) -> Result<(), DecodeError> {
        let length = Map::<()>::len(&mut self.input).map_err(malformed)?;
        self.json.open(b'{')?;
        let mut entries = 0;
        while self.goes_on(entries, length)? {
            self.json.comma(entries == 0);
            let start = self.json.text.len();
            self.value()?;
            self.json.end_key(start)?;
            self.value()?;
            entries += 1;
        }
        self.json.close(b'}');
        Ok(())
    }

    /// Whether another item follows after `seen`: by the declared length, or until the break.
    fn goes_on(&mut self, seen: usize, length: Option<usize>) -> Result<bool, DecodeError> {
        match length {
            Some(length) => Ok(seen < length),
            None => dec::is_break(&mut self.input)
                .map(|ends| !ends)
                .map_err(malformed),
        }
    }

    fn item<T: Decode<'f>>(&mut self) -> Result<T, DecodeError> {
        T::decode(&mut self.input).map_err(malformed)
    }

    fn peek(&mut self) -> Result<u8, DecodeError> {
        let Ok(next) = self.input.fill(1);
        let first = next.as_ref().first().copied();
        first.ok_or_else(|| DecodeError::malformed("the CBOR value goes on beyond the frame"))
    }
}

fn write<W: enc::Write>(writer: &mut W, value: &Value) -> Result<(), enc::Error<W::Error>> {
    match value {
        Value::Null => Null.encode(writer),
        Value::Bool(value) => value.encode(writer),
        Value::Number(number) => {
            if let Some(number) = number.as_u64() {
                number.encode(writer)
            } else if let Some(number) = number.as_i64() {
                number.encode(writer)
            } else {
                number.as_f64().unwrap_or_default().encode(writer)
            }
        }
        Value::String(text) => text.encode(writer),
        Value::Array(items) => {
            Array::bounded(items.len(), writer)?;
            items.iter().try_for_each(|item| write(writer, item))
        }
        Value::Object(entries) => {
            Map::bounded(entries.len(), writer)?;
            entries.iter().try_for_each(|(key, value)| {
                key.encode(writer)?;
                write(writer, value)
            })
        }
    }
}

/// A number of 16 bits (IEEE 754 binary16), by appendix D.
fn half(bits: u16) -> f32 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let mantissa = f32::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => mantissa * 2f32.powi(-24),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (mantissa + 1024.0) * 2f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 {
        -magnitude
    } else {
        magnitude
    }
}

fn malformed<E: std::fmt::Debug>(error: dec::Error<E>) -> DecodeError {
    DecodeError::malformed(format!("not CBOR: {error}"))
}
