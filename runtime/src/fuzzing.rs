//! What fuzz targets see of the runtime's inside. It is there for `cargo fuzz` alone, which sets `cfg(fuzzing)`.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use tokio::io::AsyncRead;
use wsgen_config::{ClientAddress, Proxy};
use wsgen_protocol::Message;
use wsgen_protocol::compression::{Negotiator, Settings};
use wsgen_protocol::wire::{Incoming, Received, Role};

pub use wsgen_topics::broker::fuzzing::{
    Cluster, Said, Saying, place, read_log, topic_and_frame, understood,
};
pub use wsgen_topics::fuzzing::{Arrived, Id, Log, Missed, Topic, returned, rewritten};

/// What a peer has said, or what it did wrong, which is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A text.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping.
    Ping(Bytes),
    /// A pong, whatever is in it.
    Pong,
    /// A Close frame: its code and its reason.
    Close(Option<u16>, String),
    /// A violation of the protocol or of a limit: the code to close with.
    Fault(u16),
}

/// Which end reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It reads masked frames.
    Server,
    /// It reads frames without masks.
    Client,
}

/// What an end hears when the bytes come in these pieces, with messages of `most` bytes and 128 frames at most; compressed
/// ones are understood where the peer's offer of `extensions` is agreed to.
pub fn hear<'a>(
    end: End,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    most: usize,
    extensions: Option<&str>,
) -> Vec<Heard> {
    let role = match end {
        End::Server => Role::Server,
        End::Client => Role::Client,
    };
    let mut deflate = extensions.and_then(|offer| {
        let settings = Settings {
            context_takeover: true,
            ..Settings::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(offer).ok()?);
        let (_, deflate) = Negotiator::new(settings, 64 << 20).agree(&headers)?;
        Some(deflate)
    });
    let mut incoming = Incoming::new(role, most, 128);
    let mut heard = Vec::new();
    for piece in pieces {
        incoming.add(piece);
        loop {
            heard.push(match incoming.next(deflate.as_mut()) {
                Ok(None) => break,
                Ok(Some(Received::Message(Message::Text(text)))) => Heard::Text(text.into_bytes()),
                Ok(Some(Received::Message(Message::Binary(bytes)))) => Heard::Binary(bytes),
                Ok(Some(Received::Ping(payload))) => Heard::Ping(payload),
                Ok(Some(Received::Pong)) => Heard::Pong,
                Ok(Some(Received::Close(code, reason))) => Heard::Close(code, reason),
                Err(violation) => {
                    heard.push(Heard::Fault(violation.code()));
                    return heard;
                }
            });
        }
    }
    heard
}

/// Whose connection it is by the PROXY protocol, when it comes from a trusted proxy: the proxy's own where the header names
/// nobody.
///
/// # Errors
/// There is no whole header.
pub async fn client_behind(
    proxy: SocketAddr,
    socket: &mut (impl AsyncRead + Unpin),
) -> io::Result<SocketAddr> {
    let mut settings = Proxy::default();
    settings.trusted = proxy.ip().to_string().parse().into_iter().collect();
    settings.address = ClientAddress::ProxyProtocol;
    crate::listen::proxy::from_protocol(&settings, socket, proxy).await
}
