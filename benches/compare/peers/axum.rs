//! axum, with its chat example's two tasks for the fan-out.

use std::io;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::order;

type Notes = broadcast::Sender<Utf8Bytes>;

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let app = Router::new()
        .route("/echo", get(echo))
        .route("/typed", get(typed))
        .route("/fanout", get(fanout))
        .with_state(Notes::new(super::WAITING_NOTES));
    axum::serve(listener, app).await
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
            if is_data && socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

async fn typed(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            let Message::Text(text) = message else {
                continue;
            };
            let Ok(reply) = order::echoed(text.as_bytes()) else {
                return;
            };
            if socket.send(reply.into()).await.is_err() {
                return;
            }
        }
    })
}

async fn fanout(upgrade: WebSocketUpgrade, State(notes): State<Notes>) -> Response {
    upgrade.on_upgrade(|socket| spread(socket, notes))
}

async fn spread(socket: WebSocket, notes: Notes) {
    let (mut sink, mut stream) = socket.split();
    let mut others = notes.subscribe();
    let send = tokio::spawn(async move {
        while let Ok(note) = others.recv().await {
            if sink.send(Message::Text(note)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(note) = message {
            let _ = notes.send(note);
        }
    }
    send.abort();
}
