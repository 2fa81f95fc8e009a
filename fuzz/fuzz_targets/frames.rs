//! Any bytes in any pieces are messages or a fault, at either end, compressed or not.
//!
//! Nothing panics; what is heard does not depend on the pieces; memory is bounded (run it with `-malloc_limit_mb`). Another
//! engine says the same of what is not compressed, and another inflater of what is.

#![no_main]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::{ClientBuilder, Error, Limits, ServerBuilder};
use wsgen_runtime::fuzzing::{End, Heard, hear};

/// The longest message, in bytes.
const MOST: usize = 4096;

const ALONE: &str = "permessage-deflate; client_no_context_takeover";
const ONWARDS: &str = "permessage-deflate";

fuzz_target!(|input: (u8, u8, Vec<u8>)| {
    let (kind, cut, bytes) = input;
    let end = if kind & 1 == 0 { End::Server } else { End::Client };
    match kind >> 1 & 3 {
        0 => plain(end, cut, &bytes),
        1 => drop(pieces_do_not_matter(end, cut, &bytes, Some(ALONE))),
        2 => drop(pieces_do_not_matter(end, cut, &bytes, Some(ONWARDS))),
        _ => inflated(cut, &bytes),
    }
});

fn pieces_do_not_matter(end: End, cut: u8, bytes: &[u8], extensions: Option<&str>) -> Vec<Heard> {
    let whole = hear(end, [bytes], MOST, extensions);
    let cut = usize::from(cut).max(1);
    let pieces = hear(end, bytes.chunks(cut), MOST, extensions);
    assert_eq!(whole, pieces);
    for heard in &whole {
        if let Heard::Text(payload) | Heard::Binary(payload) = heard {
            assert!(payload.len() <= MOST);
        }
        if let Heard::Text(text) = heard {
            assert!(std::str::from_utf8(text).is_ok());
        }
    }
    whole
}

/// Another engine hears the same.
fn plain(end: End, cut: u8, bytes: &[u8]) {
    pieces_do_not_matter(end, cut, bytes, None);
    // One engine looks at a head byte by byte, another when it is whole: so that it is.
    let bytes = [bytes, &[0; 14]].concat();
    let mut ours = hear(end, [&bytes[..]], MOST, None);
    // The other engine ends with a Close frame, and has no bound on fragments.
    if let Some(close) = ours.iter().position(|heard| matches!(heard, Heard::Close(..))) {
        ours.truncate(close + 1);
    }
    if ours.last() == Some(&Heard::Fault(1008)) {
        return;
    }
    // Which of several faults is seen first is each engine's own affair.
    let without_code = |heard| match heard {
        Heard::Fault(_) => Heard::Fault(0),
        heard => heard,
    };
    let ours: Vec<Heard> = ours.into_iter().map(without_code).collect();
    let mut theirs = theirs(end, &bytes);
    // It hands out a text in fragments whose last character is cut.
    let is_no_text = |heard: &Heard| match heard {
        Heard::Text(text) => std::str::from_utf8(text).is_err(),
        _ => false,
    };
    if let Some(index) = theirs.iter().position(is_no_text) {
        theirs.truncate(index);
        theirs.push(Heard::Fault(0));
    }
    assert_eq!(ours, theirs);
}

/// A compressed text is what another inflater makes of it.
fn inflated(cut: u8, payload: &[u8]) {
    let payload = &payload[..payload.len().min(MOST)];
    let mut frame = vec![0xC2, 0xFE];
    if payload.len() < 126 {
        frame[1] = 0x80 | payload.len() as u8;
    } else {
        frame.extend((payload.len() as u16).to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    let heard = pieces_do_not_matter(End::Server, cut, &frame, Some(ALONE));
    let stream = [payload, &[0, 0, 0xFF, 0xFF]].concat();
    let expected = match inflate(&stream) {
        Ok(message) if message.len() > MOST => {
            // Behind the limit there may be no DEFLATE any more, and one inflater looks further than another.
            assert!(matches!(&heard[..], [Heard::Fault(1007 | 1009)]), "{heard:?}");
            return;
        }
        Ok(message) => Heard::Binary(message.into()),
        Err(before) => {
            // Whichever comes first; or a message that ends in the middle of a block, of which one inflater sees before its
            // end that it is none, and the other waits for the rest.
            let is_fault = matches!(&heard[..], [Heard::Fault(1007 | 1009)]);
            assert!(is_fault || heard == [Heard::Binary(before.into())], "{heard:?}");
            return;
        }
    };
    assert_eq!(heard, [expected]);
}

/// One stream after the other, to a little more than the longest message; or what came before a fault.
fn inflate(mut stream: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
    use miniz_oxide::inflate::TINFLStatus;
    use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
    let mut message = Vec::new();
    while !stream.is_empty() {
        let mut engine = DecompressorOxide::new();
        let mut output = vec![0; 2 * MOST + 1];
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, read, written) = decompress(&mut engine, stream, &mut output, 0, flags);
        message.extend_from_slice(&output[..written]);
        stream = &stream[read..];
        match status {
            TINFLStatus::Done => {}
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => return Ok(message),
            _ if message.len() > MOST => return Ok(message),
            _ => return Err(message),
        }
        if message.len() > MOST {
            return Ok(message);
        }
    }
    Ok(message)
}

/// What `tokio-websockets` hears.
fn theirs(end: End, bytes: &[u8]) -> Vec<Heard> {
    let limits = Limits::default().max_payload_len(Some(MOST));
    let socket = Recorded(bytes);
    match end {
        End::Server => all(ServerBuilder::new().limits(limits).serve(socket)),
        End::Client => all(ClientBuilder::new().limits(limits).take_over(socket)),
    }
}

fn all(mut engine: impl Stream<Item = Result<tokio_websockets::Message, Error>> + Unpin) -> Vec<Heard> {
    let mut heard = Vec::new();
    let mut read = || {
        let next = pin!(poll_fn(|cx| Pin::new(&mut engine).poll_next(cx)));
        next.poll(&mut Context::from_waker(Waker::noop()))
    };
    while let Poll::Ready(Some(message)) = read() {
        let Ok(message) = message else {
            if !matches!(message, Err(Error::Io(_))) {
                heard.push(Heard::Fault(0));
            }
            break;
        };
        if let Some((code, reason)) = message.as_close() {
            let code = u16::from(code);
            heard.push(Heard::Close((code != 1005).then_some(code), reason.to_owned()));
            break;
        }
        let kind = (message.is_text(), message.is_binary(), message.is_ping());
        let payload = Bytes::from(message.into_payload());
        heard.push(match kind {
            (true, ..) => Heard::Text(payload),
            (_, true, _) => Heard::Binary(payload),
            (.., true) => Heard::Ping(payload),
            _ => Heard::Pong,
        });
    }
    heard
}

/// A socket on which these bytes come, and then nothing.
struct Recorded<'a>(&'a [u8]);

impl AsyncRead for Recorded<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let length = self.0.len().min(into.remaining());
        into.put_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        // At the end it hangs up.
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorded<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
