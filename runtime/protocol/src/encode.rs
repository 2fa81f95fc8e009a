//! Messages that can be put on the wire.

use std::fmt;

use crate::Message;

/// A message that can be put on the wire.
pub trait Encode: Sized + Send + 'static {
    /// Puts the message into bytes.
    ///
    /// # Errors
    /// A value that the channel's format cannot hold.
    fn encode(self) -> Result<Message, EncodeError>;

    /// The message's name in the document.
    fn name(&self) -> &'static str;
}

impl Encode for Message {
    fn encode(self) -> Result<Message, EncodeError> {
        Ok(self)
    }

    fn name(&self) -> &'static str {
        "raw"
    }
}

/// An outbound message that could not be put into bytes: a fault of this server.
#[derive(Debug)]
pub struct EncodeError(String);

impl EncodeError {
    /// An encoding that failed because of `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the outbound message cannot be encoded: {}",
            self.0
        )
    }
}

impl std::error::Error for EncodeError {}
