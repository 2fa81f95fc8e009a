//! A message for several connections, compressed once for all that agreed on the same window.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::codec;

/// What one connection has compressed, for the others. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<[OnceLock<Option<Bytes>>; WINDOWS]>);

/// The sizes of windows that can be agreed on.
const WINDOWS: usize = 16;

impl Shared {
    /// The compressed payload; `None` where it is to be sent as it is. Who comes while another compresses it waits.
    pub(super) fn get_or_compress(&self, bits: u8, level: u32, payload: &[u8]) -> Option<Bytes> {
        let compress = || codec::compress_alone(bits, level, payload);
        match self.0.get(usize::from(bits)) {
            Some(compressed) => compressed.get_or_init(compress).clone(),
            None => compress(),
        }
    }
}
