//! Frame heads and masks (RFC 6455, sections 5.2 and 5.3).

use super::violation::Violation;

/// What a frame is for (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation,
    /// A message in UTF-8, or its first fragment.
    Text,
    /// A message of any bytes, or its first fragment.
    Binary,
    /// The end of the connection.
    Close,
    /// A question whether the peer is there.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// The longest payload of a control frame, in bytes (RFC 6455, section 5.5).
pub(super) const CONTROL_BYTES: usize = 125;

/// The longest head of a frame, in bytes.
pub(super) const HEAD_BYTES: usize = 14;

/// Which end of a connection this is: a client masks what it sends, a server does not (RFC 6455, section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It reads masked frames, and writes frames without masks.
    Server,
    /// It writes masked frames, and reads frames without masks.
    #[cfg(feature = "client")]
    Client,
}

/// The head of a frame from the peer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    /// Whether the frame is the last of its message.
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    /// RSV1: the message that begins here is compressed (RFC 7692, section 6).
    pub(super) is_compressed: bool,
    /// Of zeros, which changes nothing, where the frame is not masked.
    pub(super) mask: Mask,
    /// The payload's length in bytes.
    pub(super) length: u64,
}

/// What a client's payload is masked with, from the byte on that comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mask([u8; 4]);

/// The head of a frame to the peer: a whole message or a control frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) opcode: Opcode,
    pub(super) is_compressed: bool,
    pub(super) mask: Option<Mask>,
}

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x30;
const COMPRESSED: u8 = 0x40;
const OPCODE: u8 = 0x0F;
const MASKED: u8 = 0x80;

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

impl Head {
    /// The head that `bytes` begin with, and its length; `None` while it is not whole. What is wrong with it shows in the
    /// first two bytes already, but for a length that is written too long.
    ///
    /// `role` is ours. Messages may be compressed where that `is_agreed`.
    pub(super) fn parse(
        bytes: &[u8],
        role: Role,
        is_agreed: bool,
    ) -> Result<Option<(Self, usize)>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBit);
        }
        let opcode = Opcode::from_bits(first & OPCODE).ok_or(Violation::ReservedOpcode)?;
        let is_compressed = first & COMPRESSED != 0;
        if is_compressed && !(is_agreed && matches!(opcode, Opcode::Text | Opcode::Binary)) {
            return Err(Violation::ReservedBit);
        }
        let is_masked = second & MASKED != 0;
        match role {
            Role::Server if !is_masked => return Err(Violation::Unmasked),
            #[cfg(feature = "client")]
            Role::Client if is_masked => return Err(Violation::Masked),
            _ => {}
        }
        let is_final = first & FIN != 0;
        let short = second & !MASKED;
        if opcode.is_control() && (!is_final || usize::from(short) > CONTROL_BYTES) {
            return Err(Violation::ControlFrame);
        }
        if opcode == Opcode::Close && short == 1 {
            return Err(Violation::CloseFrame);
        }
        let (length, extended) = match short {
            126 => (
                rest.first_chunk()
                    .map(|two| u16::from_be_bytes(*two).into()),
                2,
            ),
            127 => (
                rest.first_chunk().map(|eight| u64::from_be_bytes(*eight)),
                8,
            ),
            _ => (Some(short.into()), 0),
        };
        let mask = match is_masked {
            true => rest.get(extended..).and_then(<[u8]>::first_chunk),
            false => Some(&[0; 4]),
        };
        let (Some(length), Some(mask)) = (length, mask) else {
            return Ok(None);
        };
        let is_shortest = match short {
            126 => length > 125,
            127 => length > u16::MAX.into(),
            _ => true,
        };
        if !is_shortest {
            return Err(Violation::Length);
        }
        let head = Self {
            is_final,
            opcode,
            is_compressed,
            mask: Mask(*mask),
            length,
        };
        let taken = 2 + extended + if is_masked { 4 } else { 0 };
        Ok(Some((head, taken)))
    }
}

impl Mask {
    /// One that nobody can foresee (RFC 6455, section 5.3).
    #[cfg(feature = "client")]
    pub(super) fn fresh() -> Self {
        let key = getrandom::u32().unwrap_or_else(|_| crate::random::number() as u32);
        Self(key.to_ne_bytes())
    }

    /// Masks the next bytes of the payload, or takes their mask off, which is the same.
    pub(super) fn apply(&mut self, payload: &mut [u8]) {
        let Self(key) = self;
        if *key == [0; 4] {
            return;
        }
        let [a, b, c, d] = *key;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (eights, rest) = payload.as_chunks_mut();
        for eight in eights {
            *eight = (u64::from_ne_bytes(*eight) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        let length = rest.len();
        key.rotate_left(length % 4);
    }
}

/// Writes a head, for a payload of `length` bytes.
pub(super) fn write_head(into: &mut Vec<u8>, head: Sent, length: usize) {
    let compressed = if head.is_compressed { COMPRESSED } else { 0 };
    let masked = if head.mask.is_some() { MASKED } else { 0 };
    let first = FIN | compressed | head.opcode.bits();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => into.extend_from_slice(&[first, masked | short]),
        (_, Ok(medium)) => {
            let [high, low] = medium.to_be_bytes();
            into.extend_from_slice(&[first, masked | 126, high, low]);
        }
        _ => {
            into.extend_from_slice(&[first, masked | 127]);
            into.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    if let Some(Mask(key)) = head.mask {
        into.extend_from_slice(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_least_room() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (0xFFFF, &[0x81, 126, 0xFF, 0xFF]),
            (0x1_0000, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut written = Vec::new();
            let text = Sent {
                opcode: Opcode::Text,
                is_compressed: false,
                mask: None,
            };
            write_head(&mut written, text, length);
            assert_eq!(written, head, "{length}");
            assert!(written.len() <= HEAD_BYTES);
        }
    }

    #[test]
    fn lengths_that_take_more_are_refused() {
        for bytes in [
            &[0x82, 0xFE, 0, 125, 1, 2, 3, 4][..],
            &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4],
        ] {
            assert_eq!(
                Head::parse(bytes, Role::Server, false),
                Err(Violation::Length)
            );
        }
    }

    #[test]
    fn a_head_is_whole_or_none() {
        for (bytes, length) in [
            (&[0x81, 0x85, 1, 2, 3, 4][..], 5),
            (&[0x81, 0xFE, 1, 0, 1, 2, 3, 4], 256),
            (&[0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], 0x1_0000),
        ] {
            for end in 0..bytes.len() {
                assert_eq!(
                    Head::parse(&bytes[..end], Role::Server, false),
                    Ok(None),
                    "{end} of {bytes:?}"
                );
            }
            let (head, taken) = Head::parse(bytes, Role::Server, false).unwrap().unwrap();
            assert_eq!((head.length, taken), (length, bytes.len()));
            assert_eq!(head.mask, Mask([1, 2, 3, 4]));
        }
    }

    #[cfg(feature = "client")]
    #[test]
    fn a_client_reads_what_is_not_masked_and_writes_what_is() {
        let (head, taken) = Head::parse(&[0x82, 3, 1, 2, 3], Role::Client, false)
            .unwrap()
            .unwrap();
        assert_eq!((head.length, head.mask, taken), (3, Mask([0; 4]), 2));
        let masked = &[0x82, 0x83, 1, 2, 3, 4, 0, 0, 0];
        assert_eq!(
            Head::parse(masked, Role::Client, false),
            Err(Violation::Masked)
        );
        let mut written = Vec::new();
        let head = Sent {
            opcode: Opcode::Binary,
            is_compressed: true,
            mask: Some(Mask([1, 2, 3, 4])),
        };
        write_head(&mut written, head, 126);
        assert_eq!(written, [0xC2, 0xFE, 0, 126, 1, 2, 3, 4]);
    }

    #[test]
    fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
        for (first, is_agreed, is_fine) in [
            (0xC1, true, true),
            (0x41, true, true),
            (0xC1, false, false),
            (0xC0, true, false),
            (0xC9, true, false),
            (0xE1, true, false),
            (0xA1, true, false),
        ] {
            let head = Head::parse(&[first, 0x80], Role::Server, is_agreed);
            let expected = if is_fine {
                Ok(None)
            } else {
                Err(Violation::ReservedBit)
            };
            assert_eq!(head, expected, "{first:#x}");
        }
    }

    #[test]
    fn masks_go_on_where_they_stopped() {
        let text = b"one two three four five six seven";
        let mask = Mask([1, 20, 30, 4]);
        let mut masked = *text;
        mask.clone().apply(&mut masked);
        for cut in 0..text.len() {
            let mut unmasked = masked;
            let (first, second) = unmasked.split_at_mut(cut);
            let mut mask = mask;
            mask.apply(first);
            mask.apply(second);
            assert_eq!(&unmasked, text, "cut at {cut}");
        }
    }
}
