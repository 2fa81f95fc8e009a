//! Frame heads and masks (RFC 6455, sections 5.2 and 5.3).

use super::violation::Violation;

/// What a frame is for (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The longest payload of a control frame, in bytes (RFC 6455, section 5.5).
pub(super) const CONTROL_BYTES: usize = 125;

/// The longest head of a frame that a server sends, in bytes.
pub(super) const HEAD_BYTES: usize = 10;

/// The head of a frame from a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    /// Whether the frame is the last of its message.
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: Mask,
    /// The payload's length in bytes.
    pub(super) length: u64,
}

/// What a client's payload is disguised with, from the byte on that comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mask([u8; 4]);

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
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
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & RESERVED != 0 {
            return Err(Violation::ReservedBit);
        }
        let opcode = Opcode::from_bits(first & OPCODE).ok_or(Violation::ReservedOpcode)?;
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
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
        let mask = rest.get(extended..).and_then(<[u8]>::first_chunk);
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
            mask: Mask(*mask),
            length,
        };
        Ok(Some((head, 2 + extended + 4)))
    }
}

impl Mask {
    /// Takes the disguise off the next bytes of the payload.
    pub(super) fn take_off(&mut self, payload: &mut [u8]) {
        let Self(key) = self;
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

/// Writes the head of a whole message or control frame as a server sends it: final, not masked.
pub(super) fn write_head(into: &mut Vec<u8>, opcode: Opcode, length: usize) {
    into.push(FIN | opcode.bits());
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => into.push(short),
        (_, Ok(medium)) => {
            into.push(126);
            into.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            into.push(127);
            into.extend_from_slice(&(length as u64).to_be_bytes());
        }
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
            write_head(&mut written, Opcode::Text, length);
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
            assert_eq!(Head::parse(bytes), Err(Violation::Length));
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
                assert_eq!(Head::parse(&bytes[..end]), Ok(None), "{end} of {bytes:?}");
            }
            let (head, taken) = Head::parse(bytes).unwrap().unwrap();
            assert_eq!((head.length, taken), (length, bytes.len()));
            assert_eq!(head.mask, Mask([1, 2, 3, 4]));
        }
    }

    #[test]
    fn masks_go_on_where_they_stopped() {
        let text = b"one two three four five six seven";
        let mask = Mask([1, 20, 30, 4]);
        let mut masked = *text;
        mask.clone().take_off(&mut masked);
        for cut in 0..text.len() {
            let mut unmasked = masked;
            let (first, second) = unmasked.split_at_mut(cut);
            let mut mask = mask;
            mask.take_off(first);
            mask.take_off(second);
            assert_eq!(&unmasked, text, "cut at {cut}");
        }
    }
}
