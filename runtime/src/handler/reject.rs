//! The HTTP answer that refuses a connection before it is upgraded.

use std::fmt;

use hyper::StatusCode;
use hyper::header::{HeaderName, RETRY_AFTER};

/// Refuses a connection with an HTTP status and a short text, before the upgrade.
///
/// A page in a browser, which can read neither, gets them as a close code and its reason where the settings say so
/// (`handshake.refusal`): 4000 and the status, 1013 for 503, 1011 for another fault of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
    pub(crate) headers: Vec<(HeaderName, &'static str)>,
    /// What refused, as a label of metrics.
    pub(crate) cause: &'static str,
}

impl Reject {
    /// 400: the request is wrong, for instance a parameter that does not parse.
    pub fn bad_request(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    /// 401: who are you?
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, reason)
    }

    /// 403: you may not.
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason)
    }

    /// 404: there is no such thing.
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason)
    }

    /// 503: not now; the client is told to come again in 5 s.
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason).with(RETRY_AFTER, "5")
    }

    /// Any error status, 400–599; another number becomes 500.
    pub fn status(status: u16, reason: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, reason)
    }

    /// There is no room for another connection.
    pub(crate) fn no_room(cause: &'static str) -> Self {
        Self::unavailable("too many connections: try again later").because(cause)
    }

    pub(crate) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let reject = Self {
            status,
            reason: reason.into(),
            headers: Vec::new(),
            cause: "",
        };
        reject.because("handler")
    }

    /// Names what refused, for metrics.
    pub(crate) fn because(mut self, cause: &'static str) -> Self {
        self.cause = cause;
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Reject {
    /// 500: a fault of ours, logged in full; the peer sees only "internal error".
    fn from(error: E) -> Self {
        tracing::error!(%error, "a connection was refused because the handler failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status, self.reason)
    }
}
