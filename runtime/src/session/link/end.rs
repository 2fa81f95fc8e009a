//! The ways in which a connection ends.

use wsgen_protocol::close::code;
use wsgen_protocol::wire::{Fault, Violation};
use wsgen_protocol::{CloseReason, Initiator};

/// How a connection ends.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) reason: CloseReason,
    pub(super) rest: Rest,
}

/// What is left of the Close handshake (RFC 6455, section 7.1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rest {
    /// Our Close frame is to be sent and the peer's to be awaited.
    Handshake,
    /// The peer's Close frame is here and is to be answered.
    Answer,
    /// Our Close frame is to be sent; what the peer says to it does not matter.
    SendClose,
    /// Nothing: the peer does not answer, or is gone.
    Cut,
}

impl End {
    /// We close: `reason` has a code.
    pub(crate) fn by_us(reason: CloseReason) -> Self {
        Self {
            reason,
            rest: Rest::Handshake,
        }
    }

    /// The server closes with this code, and waits for the peer's Close frame.
    pub(crate) fn closed(code: u16, reason: impl Into<String>) -> Self {
        Self::by_us(by_server(code, reason.into()))
    }

    /// The peer is over a limit: it is told so, and nothing it says counts any more.
    pub(super) fn over_limit(reason: &str) -> Self {
        Self {
            reason: by_server(code::POLICY_VIOLATION, reason.to_owned()),
            rest: Rest::SendClose,
        }
    }

    fn cut(initiator: Initiator, reason: &str) -> Self {
        Self {
            reason: CloseReason {
                code: None,
                reason: reason.to_owned(),
                initiator,
            },
            rest: Rest::Cut,
        }
    }

    /// Ends without a Close frame: the peer reads or answers nothing.
    pub(super) fn cut_off(reason: &str) -> Self {
        Self::cut(Initiator::Server, reason)
    }

    /// The drain's deadline has passed: the outbox was cut.
    pub(super) fn drained() -> Self {
        Self::cut_off("cut off")
    }

    /// The peer closed.
    pub(super) fn by_peer(code: Option<u16>, reason: String) -> Self {
        Self {
            reason: CloseReason {
                code,
                reason,
                initiator: Initiator::Peer,
            },
            rest: Rest::Answer,
        }
    }

    pub(super) fn lost() -> Self {
        Self::cut(Initiator::Peer, "the connection was lost")
    }

    /// Nothing more can be read.
    pub(super) fn by_fault(fault: &Fault) -> Self {
        match fault {
            Fault::Violation(violation) => Self::violation(*violation),
            Fault::Excess(excess) => Self::over_limit(excess),
            Fault::Lost => Self::lost(),
        }
    }

    fn violation(violation: Violation) -> Self {
        Self {
            reason: by_server(violation.code(), violation.to_string()),
            rest: Rest::SendClose,
        }
    }
}

fn by_server(code: u16, reason: String) -> CloseReason {
    CloseReason {
        code: Some(code),
        reason,
        initiator: Initiator::Server,
    }
}
