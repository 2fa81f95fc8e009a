//! Why a message was not queued.

use std::fmt;

/// Why a push from outside the connection's own handler did not go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The connection is closed.
    Closed,
    /// The send queue has no room now.
    Full,
    /// The message could not be encoded; the log says why.
    Encoding,
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closed => "the connection is closed",
            Self::Full => "the send queue is full",
            Self::Encoding => "the message could not be encoded",
        })
    }
}

impl std::error::Error for SendError {}
