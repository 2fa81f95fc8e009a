//! What handlers and messages fail with.

use std::any::Any;
use std::fmt;

use wsgen_protocol::close::{self, code};
use wsgen_protocol::{DecodeError, DecodeErrorKind};

/// Why a handler ended a connection.
///
/// Any [`std::error::Error`] becomes one by `?`: it is logged in full, and the peer is closed with 1011 and sees only
/// "internal error". What the peer should know is said by [`Error::close`].
pub struct Error(Kind);

enum Kind {
    /// Close with this code and reason.
    Close { code: u16, reason: String },
    /// A fault of ours: 1011, the details only in the log.
    Internal(Box<dyn std::error::Error + Send + Sync>),
    /// The connection is already closed: nothing more to do.
    Disconnected,
    /// A stub that nobody has filled in yet: logged, and the connection goes on.
    NotImplemented(String),
}

/// What the session does about an [`Error`].
pub(crate) enum Consequence {
    /// Close with this code and reason, after logging `cause` if there is one.
    Close {
        code: u16,
        reason: String,
        cause: Option<String>,
    },
    /// Log that `what` is not implemented and go on.
    NotImplemented(String),
    /// The connection is on its way out already.
    Nothing,
}

impl Error {
    /// Closes the connection with `code` and `reason`, both visible to the peer.
    ///
    /// `code` is 1000–1003, 1007–1014 or 3000–4999 (4000–4999 are the application's); anything else becomes 1011.
    /// `reason` is cut to 123 bytes.
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        Self(Kind::Close {
            code,
            reason: reason.into(),
        })
    }

    /// Says that the handler of `what` is not written yet: a line in the log, the connection goes on.
    pub fn not_implemented(what: impl Into<String>) -> Self {
        Self(Kind::NotImplemented(what.into()))
    }

    /// A fault of the server, told by a text that only the log sees.
    pub fn internal(message: impl Into<String>) -> Self {
        Self(Kind::Internal(message.into().into()))
    }

    fn undecodable(error: &DecodeError) -> Self {
        let code = match error.kind() {
            DecodeErrorKind::Malformed => code::INVALID_PAYLOAD,
            DecodeErrorKind::UnknownTag | DecodeErrorKind::Invalid => code::POLICY_VIOLATION,
        };
        Self::close(code, close::sendable_reason(&error.to_string()))
    }

    /// The connection was closed while something was to be sent on it.
    pub(crate) const fn disconnected() -> Self {
        Self(Kind::Disconnected)
    }

    /// Whether it is a fault of ours, not a word to the peer.
    pub(crate) const fn is_fault(&self) -> bool {
        matches!(self.0, Kind::Internal(_))
    }

    pub(crate) fn consequence(self) -> Consequence {
        match self.0 {
            Kind::Close { code, reason } => Consequence::Close {
                code,
                reason,
                cause: None,
            },
            Kind::Internal(error) => Consequence::Close {
                code: code::INTERNAL_ERROR,
                reason: "internal error".to_owned(),
                cause: Some(with_sources(&*error)),
            },
            Kind::NotImplemented(what) => Consequence::NotImplemented(what),
            Kind::Disconnected => Consequence::Nothing,
        }
    }
}

/// `error` and everything that caused it, on one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    /// A [`DecodeError`] is a fault of the peer: 1007 for what is not even JSON, 1008 for what is not a message of the
    /// channel. Any other error is a fault of this server.
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref() {
            Some(error) => Self::undecodable(error),
            None => Self(Kind::Internal(Box::new(error))),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Close { code, reason } => write!(formatter, "close with {code}: {reason}"),
            Kind::Internal(error) => write!(formatter, "{}", with_sources(&**error)),
            Kind::Disconnected => formatter.write_str("the connection is closed"),
            Kind::NotImplemented(what) => write!(formatter, "{what} is not implemented"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Error({self})")
    }
}
