//! JSON in and out, and the tag that tells messages apart.

use std::borrow::Cow;

use bytestring::ByteString;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::check::Validate;
use crate::{DecodeError, EncodeError, Message, scan};

/// The value of a tag: a string as it reads, or another value without parts as it is written.
pub type Tag<'a> = Cow<'a, str>;

/// The value without parts of `key` in the top-level object of `payload`, without parsing the rest.
///
/// The scan stops at the first occurrence of the key, so its cost is that of the bytes before it; what follows is left
/// to the typed parse. `Ok(None)`: valid JSON that is no object, has no such key, or has another type of value there.
///
/// # Errors
/// [`DecodeErrorKind::Malformed`](crate::DecodeErrorKind::Malformed) when no tag is found and the payload is not JSON.
#[inline]
pub fn tag<'a>(payload: &'a [u8], key: &str) -> Result<Option<Tag<'a>>, DecodeError> {
    tag_at(payload, &[key])
}

/// The same for a tag inside an object: `path` is the key of the object, then the key in it.
///
/// # Errors
/// As for [`tag`].
#[inline]
pub fn tag_at<'a>(payload: &'a [u8], path: &[&str]) -> Result<Option<Tag<'a>>, DecodeError> {
    if let Some(tag) = scan::find(payload, path) {
        return Ok(Some(tag));
    }
    // The cold path: say whether it was not JSON at all.
    serde_json::from_slice::<IgnoredAny>(payload)?;
    Ok(None)
}

/// Parses one message.
///
/// # Errors
/// Malformed JSON, or JSON that is not a `T`; with line and column.
pub fn from_json<T: DeserializeOwned>(payload: &[u8]) -> Result<T, DecodeError> {
    // All at once: `from_slice` checks the encoding again for every string.
    let text =
        std::str::from_utf8(payload).map_err(|error| DecodeError::malformed(error.to_string()))?;
    serde_json::from_str(text).or_else(|error| from_whole_numbers(payload, error))
}

/// `1.0` is an integer (JSON Schema Validation, section 6.1.1) and the parser does not take it for one: what `error`
/// refuses is read once more with such numbers as integers, if there are any.
#[cold]
fn from_whole_numbers<T: DeserializeOwned>(
    payload: &[u8],
    error: serde_json::Error,
) -> Result<T, DecodeError> {
    match scan::whole_numbers(payload).filter(|_| error.is_data()) {
        Some(rewritten) => Ok(serde_json::from_slice(&rewritten)?),
        None => Err(error.into()),
    }
}

/// Parses one message and checks what its schema asks for beyond its type.
///
/// # Errors
/// As for [`from_json`], or the rule that does not hold, with its JSON pointer.
pub fn from_checked_json<T: DeserializeOwned + Validate>(payload: &[u8]) -> Result<T, DecodeError> {
    let message: T = from_json(payload)?;
    message.validate()?;
    Ok(message)
}

/// Serialises one message as a text frame.
///
/// # Errors
/// A value that JSON cannot hold, for instance a map with keys that are no strings.
pub fn to_json<T: Serialize>(message: &T) -> Result<Message, EncodeError> {
    let text =
        serde_json::to_string(message).map_err(|error| EncodeError::new(error.to_string()))?;
    Ok(Message::Text(ByteString::from(text)))
}
