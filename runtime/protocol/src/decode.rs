//! A received frame and what can be wrong with it.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Message;

/// A message that can be read from a frame.
pub trait Decode: Sized + Send + 'static {
    /// Reads the message.
    ///
    /// # Errors
    /// What is wrong, and where.
    fn read(frame: &Frame) -> Result<Self, DecodeError>;

    /// [`Decode::read`], with what has arrived in the error.
    ///
    /// # Errors
    /// As for [`Decode::read`].
    fn decode(frame: Frame) -> Result<Self, DecodeError> {
        Self::read(&frame).map_err(|error| error.of(frame.into_message()))
    }

    /// The message's name in the document.
    fn name(&self) -> &'static str;
}

impl Decode for Message {
    fn read(frame: &Frame) -> Result<Self, DecodeError> {
        Ok(frame.message().clone())
    }

    /// Without a copy.
    fn decode(frame: Frame) -> Result<Self, DecodeError> {
        Ok(frame.into_message())
    }

    fn name(&self) -> &'static str {
        "raw"
    }
}

/// A received message that has not been understood yet.
#[derive(Clone, Debug)]
pub struct Frame(Message);

impl Frame {
    /// The payload as JSON text. Binary frames are accepted as well: some clients send JSON in them.
    #[inline]
    pub fn json(&self) -> Result<&[u8], DecodeError> {
        Ok(self.0.as_bytes())
    }

    /// The payload as text; an error for a binary frame.
    #[inline]
    pub fn text(&self) -> Result<&str, DecodeError> {
        match &self.0 {
            Message::Text(text) => Ok(text),
            Message::Binary(_) => Err(DecodeError::invalid(
                "a text frame is expected, this one is binary",
            )),
        }
    }

    /// The payload as bytes, whatever the kind.
    #[inline]
    pub fn bytes(&self) -> &Bytes {
        match &self.0 {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }

    /// Whether it is a text frame.
    #[inline]
    pub fn is_text(&self) -> bool {
        matches!(self.0, Message::Text(_))
    }

    /// The message as it came.
    #[inline]
    pub fn message(&self) -> &Message {
        &self.0
    }

    /// The message as it came.
    #[inline]
    pub fn into_message(self) -> Message {
        self.0
    }
}

impl From<Message> for Frame {
    fn from(message: Message) -> Self {
        Self(message)
    }
}

/// What kind of fault a [`DecodeError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// Not JSON (or not the channel's format) at all.
    Malformed,
    /// Well formed, but the property that tells messages apart has an unknown value, or is missing.
    UnknownTag,
    /// A known message with a wrong content.
    Invalid,
}

/// A frame that is not a message of the channel.
///
/// The text may quote what the peer sent: it is fit for the peer, and is escaped where it is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    kind: DecodeErrorKind,
    message: String,
    position: Option<(usize, usize)>,
    /// What has arrived, once [`Decode::decode`] has said it. Boxed: connections carry the room of what may become of a
    /// message.
    arrived: Option<Box<Message>>,
}

/// How much of an unknown tag is repeated, in characters.
const QUOTED_CHARACTERS: usize = 40;

impl DecodeError {
    /// A message whose tag is `found`, which this channel does not know; `None`: there is no tag.
    pub fn unknown(found: Option<&str>) -> Self {
        let message = match found {
            Some(tag) => {
                let quoted: String = tag.chars().take(QUOTED_CHARACTERS).collect();
                format!("unknown message {quoted:?}")
            }
            None => "unknown message: nothing tells which".to_owned(),
        };
        Self {
            kind: DecodeErrorKind::UnknownTag,
            message,
            position: None,
            arrived: None,
        }
    }

    /// A payload that is not what its format demands.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self {
            kind: DecodeErrorKind::Malformed,
            message: message.into(),
            position: None,
            arrived: None,
        }
    }

    /// A known message with a wrong content.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            kind: DecodeErrorKind::Invalid,
            message: message.into(),
            position: None,
            arrived: None,
        }
    }

    /// What kind of fault it is.
    pub fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The same, of the message that has arrived.
    #[must_use]
    pub fn of(self, arrived: Message) -> Self {
        Self {
            arrived: Some(Box::new(arrived)),
            ..self
        }
    }

    /// What has arrived, as it came; handlers always have it.
    pub fn arrived(&self) -> Option<&Message> {
        self.arrived.as_deref()
    }

    /// A value of what has arrived, by its JSON pointer (RFC 6901), such as the id of a request that is to be answered with
    /// what is wrong; `None` where there is no such value, or it is no `T`. Only for JSON.
    ///
    /// ```
    /// use wsgen_protocol::{DecodeError, Message};
    ///
    /// let arrived = Message::from(r#"{"type":"order","requestId":"r1"}"#);
    /// let error = DecodeError::invalid("quantity is missing").of(arrived);
    /// assert_eq!(error.value::<String>("/requestId").as_deref(), Some("r1"));
    /// assert_eq!(error.value::<u64>("/requestId"), None);
    /// ```
    pub fn value<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        let whole: Value = serde_json::from_slice(self.arrived()?.as_bytes()).ok()?;
        T::deserialize(whole.pointer(pointer)?).ok()
    }

    /// Line and column of the fault, both from 1, where known.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let kind = match error.classify() {
            serde_json::error::Category::Data => DecodeErrorKind::Invalid,
            _ => DecodeErrorKind::Malformed,
        };
        let position = (error.line() > 0).then(|| (error.line(), error.column()));
        // serde_json says the position in its text already.
        Self {
            kind,
            message: error.to_string(),
            position,
            arrived: None,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            DecodeErrorKind::Malformed => "malformed: ",
            DecodeErrorKind::UnknownTag => "",
            DecodeErrorKind::Invalid => "invalid: ",
        })?;
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for DecodeError {}
