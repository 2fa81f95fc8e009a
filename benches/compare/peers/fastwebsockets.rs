//! fastwebsockets, upgraded from hyper as its echo example shows.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use fastwebsockets::{
    FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, upgrade,
};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use super::order;

type Notes = broadcast::Sender<Bytes>;
type Socket = fastwebsockets::WebSocket<TokioIo<hyper::upgrade::Upgraded>>;

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    let notes = Notes::new(super::WAITING_NOTES);
    super::accept(listener, |socket| {
        let notes = notes.clone();
        async move {
            let answer = service_fn(|request| answer(request, notes.clone()));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(socket), answer)
                .with_upgrades()
                .await;
        }
    })
    .await
}

async fn answer(
    mut request: Request<Incoming>,
    notes: Notes,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, upgraded) = upgrade::upgrade(&mut request)?;
    tokio::spawn(tokio::task::unconstrained(async move {
        let mut socket = upgraded.await?;
        socket.set_max_message_size(super::LARGEST_MESSAGE);
        match request.uri().path() {
            "/typed" => typed(socket).await,
            "/fanout" => fanout(socket, notes).await,
            _ => echo(socket).await,
        }
    }));
    Ok(response)
}

async fn echo(socket: Socket) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => socket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn typed(socket: Socket) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text => {
                let reply = order::echoed(&frame.payload).map_err(io::Error::from)?;
                let reply = Frame::text(Payload::Owned(reply.into_bytes()));
                socket.write_frame(reply).await?;
            }
            _ => {}
        }
    }
}

async fn fanout(socket: Socket, notes: Notes) -> Result<(), WebSocketError> {
    let (read, mut write) = socket.split(tokio::io::split);
    let mut read = FragmentCollectorRead::new(read);
    let mut others = notes.subscribe();
    tokio::spawn(async move {
        while let Ok(note) = others.recv().await {
            let note = Frame::text(Payload::Borrowed(&note));
            if write.write_frame(note).await.is_err() {
                return;
            }
        }
    });
    loop {
        // No client here makes an answer of the protocol necessary but for its Close.
        let mut unanswered = |_| async { Ok::<_, Infallible>(()) };
        let frame = read.read_frame(&mut unanswered).await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text => drop(notes.send(Bytes::copy_from_slice(&frame.payload))),
            _ => {}
        }
    }
}
