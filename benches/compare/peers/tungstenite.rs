//! tokio-tungstenite.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::order;

/// The size of the read buffer, in bytes, if it is not the library's.
type ReadBuffer = Option<usize>;
pub(super) const AS_IT_IS: ReadBuffer = None;
pub(super) const SMALL: ReadBuffer = Some(4 * 1024);

type Notes = broadcast::Sender<Utf8Bytes>;

pub(super) async fn serve(listener: TcpListener, read_buffer: ReadBuffer) -> io::Result<()> {
    let mut config = WebSocketConfig::default();
    if let Some(size) = read_buffer {
        config = config.read_buffer_size(size);
    }
    let notes = Notes::new(super::WAITING_NOTES);
    super::accept(listener, |socket| {
        let notes = notes.clone();
        async move {
            let _ = converse(socket, config, notes).await;
        }
    })
    .await
}

async fn converse(socket: TcpStream, config: WebSocketConfig, notes: Notes) -> Result<(), Error> {
    let mut path = String::new();
    #[allow(clippy::result_large_err, reason = "the library's type")]
    let remember = |request: &Request, response: Response| {
        path = request.uri().path().to_owned();
        Ok(response)
    };
    let mut socket = accept_hdr_async_with_config(socket, remember, Some(config)).await?;
    match &*path {
        "/typed" => typed(&mut socket).await,
        "/fanout" => fanout(&mut socket, notes).await,
        _ => echo(&mut socket).await,
    }
}

async fn echo(socket: &mut WebSocketStream<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn typed(socket: &mut WebSocketStream<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            let reply = order::echoed(text.as_bytes()).map_err(io::Error::from)?;
            socket.send(reply.into()).await?;
        }
    }
    Ok(())
}

async fn fanout(socket: &mut WebSocketStream<TcpStream>, notes: Notes) -> Result<(), Error> {
    let mut others = notes.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(note)) => drop(notes.send(note)),
                Some(_) => {}
                None => return Ok(()),
            },
            Ok(note) = others.recv() => socket.send(Message::Text(note)).await?,
        }
    }
}
