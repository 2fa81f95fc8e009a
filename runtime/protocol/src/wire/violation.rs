//! What a peer must not send.

use std::fmt;

use crate::close::code;

/// A violation of the protocol, or of a limit on it; it ends the connection with a Close frame that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A reserved bit is set that no extension was agreed on for (RFC 6455, section 5.2; RFC 7692, section 6).
    ReservedBit,
    /// An opcode that means nothing (section 5.2).
    ReservedOpcode,
    /// A client's frame without a mask (section 5.1).
    Unmasked,
    /// A server's frame with one.
    #[cfg(feature = "client")]
    Masked,
    /// A control frame that is fragmented or longer than 125 bytes (section 5.5).
    ControlFrame,
    /// A length that is not written in the fewest bytes (section 5.2).
    Length,
    /// A continuation of nothing, or a new message inside another (section 5.4).
    Fragmentation,
    /// A Close frame with half a code, or with one that must not be sent (sections 5.5.1 and 7.4).
    CloseFrame,
    /// Text that is not UTF-8 (section 8.1).
    InvalidUtf8,
    /// A compressed message that cannot be inflated (RFC 7692, section 7.2.2).
    InvalidCompression,
    /// A message of more than so many bytes, compressed or inflated.
    TooLong(usize),
    /// A message of more fragments than `limits.message_fragments`.
    TooManyFragments,
}

impl Violation {
    /// The close code for it (RFC 6455, section 7.4.1).
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidUtf8 | Self::InvalidCompression => code::INVALID_PAYLOAD,
            Self::TooLong(_) => code::TOO_BIG,
            Self::TooManyFragments => code::POLICY_VIOLATION,
            #[cfg(feature = "client")]
            Self::Masked => code::PROTOCOL_ERROR,
            Self::ReservedBit
            | Self::ReservedOpcode
            | Self::Unmasked
            | Self::ControlFrame
            | Self::Length
            | Self::Fragmentation
            | Self::CloseFrame => code::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ReservedBit => "a reserved bit is set",
            Self::ReservedOpcode => "reserved opcode",
            Self::Unmasked => "the frame is not masked",
            #[cfg(feature = "client")]
            Self::Masked => "the frame is masked",
            Self::ControlFrame => "a control frame is fragmented or too long",
            Self::Length => "the length takes more bytes than it needs",
            Self::Fragmentation => "the fragments are out of order",
            Self::CloseFrame => "invalid close code",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::InvalidCompression => "invalid compressed data",
            Self::TooLong(most) => return write!(formatter, "max length: {most}"),
            Self::TooManyFragments => "too many fragments",
        })
    }
}
