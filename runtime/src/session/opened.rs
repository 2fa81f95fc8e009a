//! An open connection, before its session begins.

use std::sync::Arc;

use bytes::Bytes;
use wsgen_config::Config;
use wsgen_protocol::compression::Deflate;
use wsgen_protocol::wire::{Bounds, Role, Wire};
use wsgen_protocol::{Meter, Rates};

use crate::listen::socket::Socket;

/// A connection that is a WebSocket once its answer is on the way.
pub(crate) struct Opened {
    pub(crate) socket: Socket,
    /// What the client has sent behind its request.
    pub(crate) read_ahead: Bytes,
    /// The 101 response, sent together with the first frame. Empty if it was written already: by the application that mounts the
    /// server, or before a first message was awaited.
    pub(crate) answer: Vec<u8>,
    /// How messages are compressed, where that was agreed on.
    pub(crate) deflate: Option<Deflate>,
    /// How much the client may send in a second.
    pub(crate) rates: Arc<Rates>,
}

impl Opened {
    /// The connection's frames, with the answer before them.
    pub(crate) fn wire(self, config: &Arc<Config>) -> Wire<Socket> {
        let bounds = Bounds {
            message_size: config.limits.message_size,
            message_fragments: config.limits.message_fragments,
        };
        let mut wire = Wire::new(
            Role::Server,
            self.socket,
            &self.read_ahead,
            bounds,
            Meter::new(self.rates),
            self.deflate,
        );
        wire.send_first(&self.answer);
        wire
    }
}
