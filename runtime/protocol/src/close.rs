//! Why a connection ended: close codes (RFC 6455, section 7.4) and who began.

use std::fmt;

use bytes::Bytes;

/// Why and by whom a connection was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The close code, or `None` when the connection ended without a Close frame or with an empty one.
    pub code: Option<u16>,
    /// The text that came with the code, at most 123 bytes; from the peer it is untrusted.
    pub reason: String,
    /// Who closed first.
    pub initiator: Initiator,
}

/// The side that closed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// This server: a handler, a limit or the drain.
    Server,
    /// The peer, or the network between.
    Peer,
}

impl Initiator {
    /// The word for logs and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Peer => "peer",
        }
    }
}

impl fmt::Display for Initiator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Close codes: those that the runtime itself sends, and one that handlers may want (1003).
pub mod code {
    /// The purpose is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The endpoint goes away.
    pub const GOING_AWAY: u16 = 1001;
    /// A frame broke the protocol.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A type of data that this channel does not take.
    pub const UNSUPPORTED_DATA: u16 = 1003;
    /// A payload that is not what its type says, for instance bad UTF-8 or bad JSON.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// A well-formed message that this server refuses.
    pub const POLICY_VIOLATION: u16 = 1008;
    /// A message over the size limit.
    pub const TOO_BIG: u16 = 1009;
    /// A handler failed.
    pub const INTERNAL_ERROR: u16 = 1011;
    /// The server restarts: connect again after a moment.
    pub const SERVICE_RESTART: u16 = 1012;
    /// The peer reads too slowly, or the server has no room.
    pub const TRY_AGAIN_LATER: u16 = 1013;
}

/// The longest reason a Close frame holds, in bytes (RFC 6455, section 5.5: 125 less the code).
const REASON_BYTES: usize = 123;

/// `code` when it may be sent in a Close frame, else 1011: a wrong code in a handler must not break the protocol.
pub const fn sendable_code(code: u16) -> u16 {
    match code {
        1000..=1003 | 1007..=1014 | 3000..=4999 => code,
        _ => code::INTERNAL_ERROR,
    }
}

/// `reason` cut to what a Close frame holds, at a character boundary.
pub fn sendable_reason(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

/// What a Close frame says (RFC 6455, section 5.5.1): the code, and the reason as far as there is room for it.
pub fn close_payload(code: u16, reason: &str) -> Bytes {
    let reason = sendable_reason(reason).as_bytes();
    [&code.to_be_bytes()[..], reason].concat().into()
}

/// The answer to a Close frame with this code, or with none.
pub fn answering_payload(code: Option<u16>) -> Bytes {
    code.map_or_else(Bytes::new, |code| close_payload(code, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_codes_are_never_sent() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            assert_eq!(sendable_code(code), 1011, "{code}");
        }
        for code in [1000, 1012, 3000, 4999] {
            assert_eq!(sendable_code(code), code);
        }
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        let reason = "é".repeat(100);
        assert_eq!(sendable_reason(&reason).len(), 122);
        assert_eq!(sendable_reason("short"), "short");
    }
}
