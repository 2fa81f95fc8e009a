//! Messages to DEFLATE and back (RFC 7692, section 7.2).

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What every flush ends with, and no message carries (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The most a message is taken to grow by when room is made for it first.
const GUESS: usize = 4;

thread_local! {
    /// Compressors for messages that refer to none before them, by window and level.
    static COMPRESSORS: RefCell<Vec<(u8, u32, Compress)>> = const { RefCell::new(Vec::new()) };
    /// A window of the largest size understands what was compressed with any.
    static DECOMPRESSOR: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// What is wrong with a compressed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not DEFLATE, or refers to what was never sent.
    Corrupt,
    /// It is longer than it may be.
    TooLong,
}

pub(super) fn compressor(window_bits: u8, level: u32) -> Compress {
    Compress::new_with_window_bits(Compression::new(level), false, window_bits)
}

pub(super) fn decompressor(window_bits: u8) -> Decompress {
    // A larger window understands what was compressed with the smallest, which zlib does not have.
    Decompress::new_with_window_bits(false, window_bits.max(9))
}

/// Compresses a message by itself; `None` where that makes it no shorter.
pub(super) fn compress_alone(window_bits: u8, level: u32, payload: &[u8]) -> Option<Bytes> {
    let compressed = COMPRESSORS.with_borrow_mut(|compressors| {
        let is_it = |(bits, of_level, _): &(u8, u32, _)| (*bits, *of_level) == (window_bits, level);
        let index = compressors.iter().position(is_it).unwrap_or_else(|| {
            compressors.push((window_bits, level, compressor(window_bits, level)));
            compressors.len() - 1
        });
        let (.., engine) = &mut compressors[index];
        engine.reset();
        compress(engine, payload)
    })?;
    (compressed.len() < payload.len()).then_some(compressed)
}

/// Compresses the next message of `engine`. `None` if that fails, and `engine` has forgotten what was before.
pub(super) fn compress(engine: &mut Compress, payload: &[u8]) -> Option<Bytes> {
    let begin = engine.total_in();
    let mut output = Vec::with_capacity(payload.len() / 2 + 64);
    loop {
        let taken = (engine.total_in() - begin) as usize;
        let status = engine.compress_vec(&payload[taken..], &mut output, FlushCompress::Sync);
        if status.is_err() {
            engine.reset();
            return None;
        }
        // Room that is left says that everything has come out.
        if output.len() < output.capacity() {
            break;
        }
        output.reserve(output.len());
    }
    output.truncate(output.len().saturating_sub(TAIL.len()));
    Some(output.into())
}

/// Inflates a message that refers to none before it.
pub(super) fn inflate_alone(payload: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
    DECOMPRESSOR.with_borrow_mut(|engine| {
        let engine = engine.get_or_insert_with(|| Decompress::new(false));
        engine.reset(false);
        inflate(engine, payload, most)
    })
}

/// Inflates the next message of `engine`, to `most` bytes: what would be longer is given up before it takes more memory.
pub(super) fn inflate(
    engine: &mut Decompress,
    payload: &[u8],
    most: usize,
) -> Result<Vec<u8>, Fault> {
    // One byte more shows what is too long.
    let limit = most.saturating_add(1);
    let mut output = Vec::with_capacity(payload.len().saturating_mul(GUESS).min(limit));
    for mut input in [payload, &TAIL] {
        loop {
            let before = engine.total_in();
            let status = engine.decompress_vec(input, &mut output, FlushDecompress::Sync);
            let status = status.map_err(|_| Fault::Corrupt)?;
            input = &input[(engine.total_in() - before) as usize..];
            if output.len() > most {
                return Err(Fault::TooLong);
            }
            if status == Status::StreamEnd {
                // A final block, behind which another stream may begin (RFC 7692, section 7.2.3.4).
                engine.reset(false);
                if input.is_empty() {
                    break;
                }
            } else if output.len() < output.capacity() {
                // Room that is left says that all of the input was looked at.
                break;
            } else {
                let more = output.capacity().max(64).min(limit - output.len());
                output.reserve_exact(more);
            }
        }
        if !input.is_empty() {
            return Err(Fault::Corrupt);
        }
    }
    output.shrink_to_fit();
    Ok(output)
}
