//! How a connection ended, as its client sees it.

use wsgen_protocol::close::code;

/// The end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The server's code; `None` where it said none, or the connection was lost.
    pub code: Option<CloseCode>,
    /// The text that came with it.
    pub reason: String,
}

/// A close code (RFC 6455, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000
    Normal,
    /// 1001
    GoingAway,
    /// 1002
    ProtocolError,
    /// 1003
    UnsupportedData,
    /// 1007
    InvalidPayload,
    /// 1008
    PolicyViolation,
    /// 1009
    TooBig,
    /// 1011
    InternalError,
    /// 1012
    ServiceRestart,
    /// 1013
    TryAgainLater,
    /// 4000–4999: what the application means by it.
    Application(u16),
    /// Any other.
    Other(u16),
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        match number {
            code::NORMAL => Self::Normal,
            code::GOING_AWAY => Self::GoingAway,
            code::PROTOCOL_ERROR => Self::ProtocolError,
            code::UNSUPPORTED_DATA => Self::UnsupportedData,
            code::INVALID_PAYLOAD => Self::InvalidPayload,
            code::POLICY_VIOLATION => Self::PolicyViolation,
            code::TOO_BIG => Self::TooBig,
            code::INTERNAL_ERROR => Self::InternalError,
            code::SERVICE_RESTART => Self::ServiceRestart,
            code::TRY_AGAIN_LATER => Self::TryAgainLater,
            4000..=4999 => Self::Application(number),
            _ => Self::Other(number),
        }
    }
}

impl Closed {
    /// Without a Close frame; `reason` says how.
    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self {
            code: None,
            reason: reason.into(),
        }
    }

    pub(crate) fn by_us() -> Self {
        Self {
            code: Some(CloseCode::Normal),
            reason: String::new(),
        }
    }

    /// Whether the same request may go well another time: not what the server has refused for what it was.
    pub(crate) fn is_passing(&self) -> bool {
        use CloseCode::{GoingAway, InternalError, ServiceRestart, TryAgainLater};
        self.code.is_none_or(|code| {
            matches!(
                code,
                GoingAway | InternalError | ServiceRestart | TryAgainLater
            )
        })
    }
}
