//! tokio-websockets, the strictest of the others.

use std::io;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_websockets::{Error, Limits, Message, ServerBuilder, WebSocketStream};

use super::order;

type Notes = broadcast::Sender<Message>;

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    let notes = Notes::new(super::WAITING_NOTES);
    super::accept(listener, |socket| {
        let notes = notes.clone();
        async move {
            let _ = converse(socket, notes).await;
        }
    })
    .await
}

async fn converse(socket: TcpStream, notes: Notes) -> Result<(), Error> {
    let limits = Limits::default().max_payload_len(Some(super::LARGEST_MESSAGE));
    let (request, mut socket) = ServerBuilder::new().limits(limits).accept(socket).await?;
    match request.uri().path() {
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
        if let Some(text) = message?.as_text() {
            let reply = order::echoed(text.as_bytes()).map_err(io::Error::from)?;
            socket.send(Message::text(Bytes::from(reply))).await?;
        }
    }
    Ok(())
}

async fn fanout(socket: &mut WebSocketStream<TcpStream>, notes: Notes) -> Result<(), Error> {
    let mut others = notes.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(note) if note.is_text() => drop(notes.send(note)),
                Some(_) => {}
                None => return Ok(()),
            },
            Ok(note) = others.recv() => socket.send(note).await?,
        }
    }
}
