//! From bytes to messages: frames are found, unmasked, checked and joined (RFC 6455, sections 5.4 to 5.6).

use bytes::{Buf, Bytes, BytesMut};
use bytestring::ByteString;

use super::frame::{Head, Mask, Opcode, Role};
use super::violation::Violation;
use crate::Message;
use crate::close::sendable_code;
use crate::compression::{Deflate, Fault};

/// What a peer has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A whole message.
    Message(Message),
    /// A ping, with what its pong must repeat.
    Ping(Bytes),
    /// A pong, whatever is in it.
    Pong,
    /// The code, if there is one, and the reason.
    Close(Option<u16>, String),
}

/// The input of one connection that is not handed out yet. Takes no room while there is none.
#[derive(Debug)]
pub struct Incoming {
    /// What has arrived and was not looked at.
    input: BytesMut,
    /// How long that was when something was last added, which is what its memory is.
    was: usize,
    /// The message that is under way in parts, if one is.
    partial: Option<Box<Partial>>,
    /// The longest message, in bytes, and the most fragments of one.
    max_bytes: usize,
    max_fragments: usize,
    role: Role,
}

/// A message of which a part is here: a fragment, or the beginning of a long one.
#[derive(Debug)]
struct Partial {
    is_text: bool,
    is_compressed: bool,
    payload: BytesMut,
    /// How much of the payload is unmasked, and known to be UTF-8 where it has to be.
    unmasked: usize,
    valid: usize,
    fragments: usize,
    /// The frame that is under way.
    frame: Option<Frame>,
}

/// A frame whose payload is arriving.
#[derive(Debug)]
struct Frame {
    mask: Mask,
    /// How long the message's payload is at the frame's end.
    end: usize,
    is_final: bool,
}

/// A payload that is a smaller part than this of what was read with it gets memory of its own: who keeps it does not keep
/// all of that.
const SMALLEST_SHARE: usize = 4;

/// The least that is worth a read of its own, in bytes.
const LEAST_READ: usize = 1024;

impl Incoming {
    /// Takes messages of `max_bytes` and `max_fragments` at most, inflated or not.
    pub fn new(role: Role, max_bytes: usize, max_fragments: usize) -> Self {
        Self {
            input: BytesMut::new(),
            was: 0,
            partial: None,
            max_bytes,
            max_fragments,
            role,
        }
    }

    /// What has arrived and was not looked at.
    pub(super) fn into_input(self) -> Bytes {
        self.input.freeze()
    }

    /// Adds what has arrived.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) {
        // Made anew, since little or nothing is left: so it takes as much memory as it has bytes.
        let mut input = BytesMut::with_capacity(self.input.len() + bytes.len());
        input.extend_from_slice(&self.input);
        input.extend_from_slice(bytes);
        self.was = input.len();
        self.input = input;
    }

    /// Where the payload of a long frame may be read to without a detour, and how much of it.
    #[inline]
    pub(super) fn destination(&mut self) -> Option<(&mut BytesMut, usize)> {
        let Partial { payload, frame, .. } = self.partial.as_deref_mut()?;
        let left = frame.as_ref()?.end - payload.len();
        // In proportion to what is here: a length alone takes no memory.
        let room = left.min(4 * payload.len());
        (room >= LEAST_READ && self.input.is_empty()).then_some((payload, room))
    }

    /// Whether a message or a control frame has begun and is not whole.
    #[inline]
    pub(super) fn is_under_way(&self) -> bool {
        self.partial.is_some() || !self.input.is_empty()
    }

    /// The next whole message or control frame; `None` until more has arrived. Not to be called again after an error.
    ///
    /// Messages may be compressed where there is a `deflate`.
    #[inline]
    pub fn next(&mut self, deflate: Option<&mut Deflate>) -> Result<Option<Received>, Violation> {
        loop {
            if let Some(partial) = &mut self.partial
                && let Some(frame) = &partial.frame
            {
                let is_final = frame.is_final;
                if !partial.go_on(&mut self.input)? {
                    return Ok(None);
                }
                if is_final && let Some(whole) = self.partial.take() {
                    return self.joined(*whole, deflate).map(Some);
                }
            }
            let head = Head::parse(&self.input, self.role, deflate.is_some())?;
            let Some((mut head, taken)) = head else {
                return Ok(None);
            };
            let end = self.end_of(&head)?;
            let is_control = head.opcode.is_control();
            let is_here = (self.input.len() - taken) as u64 >= head.length;
            if is_control && !is_here {
                return Ok(None);
            }
            if is_control || is_here && head.is_final && self.partial.is_none() {
                head.mask.apply(&mut self.input[taken..taken + end]);
                let payload = self.take(taken, end);
                return match head.is_compressed {
                    true => self.inflated(head.opcode, deflate, &payload).map(Some),
                    false => received(head.opcode, payload).map(Some),
                };
            }
            self.input.advance(taken);
            self.begin(&head, end)?;
        }
    }

    /// How long the message is at the end of a frame, if such a frame may come now.
    fn end_of(&self, head: &Head) -> Result<usize, Violation> {
        let length = usize::try_from(head.length).unwrap_or(usize::MAX);
        if head.opcode.is_control() {
            return Ok(length);
        }
        if (head.opcode == Opcode::Continuation) != self.partial.is_some() {
            return Err(Violation::Fragmentation);
        }
        let before = self
            .partial
            .as_ref()
            .map_or(0, |partial| partial.payload.len());
        before
            .checked_add(length)
            .filter(|end| *end <= self.max_bytes)
            .ok_or(Violation::TooLong(self.max_bytes))
    }

    /// Begins a frame that is a part of its message, or of which only a part is here.
    fn begin(&mut self, head: &Head, end: usize) -> Result<(), Violation> {
        let partial = self.partial.get_or_insert_with(|| {
            Box::new(Partial {
                is_text: head.opcode == Opcode::Text,
                is_compressed: head.is_compressed,
                payload: BytesMut::new(),
                unmasked: 0,
                valid: 0,
                fragments: 0,
                frame: None,
            })
        });
        partial.fragments += 1;
        partial.frame = Some(Frame {
            mask: head.mask,
            end,
            is_final: head.is_final,
        });
        match partial.fragments > self.max_fragments {
            true => Err(Violation::TooManyFragments),
            false => Ok(()),
        }
    }

    /// A message of which the last part is here.
    #[cold]
    fn joined(&self, whole: Partial, deflate: Option<&mut Deflate>) -> Result<Received, Violation> {
        let opcode = match whole.is_text {
            true => Opcode::Text,
            false => Opcode::Binary,
        };
        let payload = whole.payload.freeze();
        match whole.is_compressed {
            true => self.inflated(opcode, deflate, &payload),
            false => received(opcode, payload),
        }
    }

    /// A message that comes compressed.
    #[cold]
    fn inflated(
        &self,
        opcode: Opcode,
        deflate: Option<&mut Deflate>,
        payload: &[u8],
    ) -> Result<Received, Violation> {
        let deflate = deflate.ok_or(Violation::ReservedBit)?;
        match deflate.inflate(payload, self.max_bytes) {
            Ok(inflated) => received(opcode, inflated.into()),
            Err(Fault::Corrupt) => Err(Violation::InvalidCompression),
            Err(Fault::TooLong) => Err(Violation::TooLong(self.max_bytes)),
        }
    }

    /// Takes a payload off the input, and what is before it.
    fn take(&mut self, before: usize, length: usize) -> Bytes {
        let end = before + length;
        let is_last = end == self.input.len();
        if SMALLEST_SHARE * length >= self.was {
            let taken = match is_last {
                true => std::mem::take(&mut self.input),
                false => self.input.split_to(end),
            };
            let mut payload = taken.freeze();
            payload.advance(before);
            return payload;
        }
        let payload = Bytes::copy_from_slice(&self.input[before..end]);
        match is_last {
            true => self.input = BytesMut::new(),
            false => self.input.advance(end),
        }
        payload
    }
}

impl Partial {
    /// Takes what has arrived of the frame that is under way. Returns whether the frame is whole.
    fn go_on(&mut self, input: &mut BytesMut) -> Result<bool, Violation> {
        let Some(Frame { mask, end, .. }) = &mut self.frame else {
            return Ok(true);
        };
        let arrived = input.len().min(*end - self.payload.len());
        if self.payload.is_empty() && arrived == input.len() {
            self.payload = std::mem::take(input);
        } else {
            self.payload.extend_from_slice(&input[..arrived]);
            match arrived == input.len() {
                true => *input = BytesMut::new(),
                false => input.advance(arrived),
            }
        }
        mask.apply(&mut self.payload[self.unmasked..]);
        self.unmasked = self.payload.len();
        let is_whole = self.payload.len() == *end;
        if is_whole {
            self.frame = None;
        }
        if self.is_text && !self.is_compressed {
            self.validate()?;
        }
        Ok(is_whole)
    }

    /// Finds what is not UTF-8 as soon as it is here; the last character may still be cut.
    fn validate(&mut self) -> Result<(), Violation> {
        match std::str::from_utf8(&self.payload[self.valid..]) {
            Ok(text) => self.valid += text.len(),
            Err(error) if error.error_len().is_some() => return Err(Violation::InvalidUtf8),
            Err(error) => self.valid += error.valid_up_to(),
        }
        Ok(())
    }
}

/// A message or a control frame of which everything is here.
#[inline(always)]
fn received(opcode: Opcode, payload: Bytes) -> Result<Received, Violation> {
    Ok(match opcode {
        Opcode::Text => Received::Message(text(payload)?),
        // A continuation never comes here: it is a part of something.
        Opcode::Binary | Opcode::Continuation => Received::Message(Message::Binary(payload)),
        Opcode::Ping => Received::Ping(payload),
        Opcode::Pong => Received::Pong,
        Opcode::Close => close(&payload)?,
    })
}

fn text(payload: Bytes) -> Result<Message, Violation> {
    ByteString::try_from(payload)
        .map(Message::Text)
        .map_err(|_| Violation::InvalidUtf8)
}

/// What a Close frame says (RFC 6455, section 5.5.1).
fn close(payload: &[u8]) -> Result<Received, Violation> {
    match payload {
        [] => Ok(Received::Close(None, String::new())),
        [_] => Err(Violation::CloseFrame),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if sendable_code(code) != code {
                return Err(Violation::CloseFrame);
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
            Ok(Received::Close(Some(code), reason.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
