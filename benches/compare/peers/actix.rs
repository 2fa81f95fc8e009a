//! actix-ws, with its chat example's list of sessions for the fan-out.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::{Data, Payload, get};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, rt};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, Session};

use super::order;

/// Those who get everything that is sent at `/fanout`.
type Members = Data<Mutex<Vec<Session>>>;

/// Serves on a free port, with as many workers as the process may use processors.
pub(super) fn serve() -> io::Result<()> {
    let members = Members::default();
    let make = move || {
        App::new()
            .app_data(members.clone())
            .route("/echo", get().to(echo))
            .route("/typed", get().to(typed))
            .route("/fanout", get().to(fanout))
    };
    rt::System::new().block_on(async {
        let server = HttpServer::new(make).bind("127.0.0.1:0")?;
        for address in server.addrs() {
            super::say_port(address.port());
        }
        server.run().await
    })
}

fn open(
    request: &HttpRequest,
    body: Payload,
) -> Result<(HttpResponse, Session, AggregatedMessageStream)> {
    let (response, session, messages) = actix_ws::handle(request, body)?;
    let messages = messages
        .max_frame_size(super::LARGEST_MESSAGE)
        .aggregate_continuations()
        .max_continuation_size(super::LARGEST_MESSAGE);
    Ok((response, session, messages))
}

async fn echo(request: HttpRequest, body: Payload) -> Result<HttpResponse> {
    let (response, mut session, mut messages) = open(&request, body)?;
    rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            let sent = match message {
                AggregatedMessage::Text(text) => session.text(text).await,
                AggregatedMessage::Binary(bytes) => session.binary(bytes).await,
                AggregatedMessage::Close(_) => break,
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn typed(request: HttpRequest, body: Payload) -> Result<HttpResponse> {
    let (response, mut session, mut messages) = open(&request, body)?;
    rt::spawn(async move {
        while let Some(Ok(AggregatedMessage::Text(text))) = messages.recv().await {
            let Ok(reply) = order::echoed(text.as_bytes()) else {
                break;
            };
            if session.text(reply).await.is_err() {
                return;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn fanout(request: HttpRequest, body: Payload, members: Members) -> Result<HttpResponse> {
    let (response, session, mut messages) = open(&request, body)?;
    lock(&members).push(session);
    rt::spawn(async move {
        while let Some(Ok(AggregatedMessage::Text(note))) = messages.recv().await {
            let all = std::mem::take(&mut *lock(&members));
            let mut open = Vec::with_capacity(all.len());
            for mut member in all {
                if member.text(note.clone()).await.is_ok() {
                    open.push(member);
                }
            }
            lock(&members).extend(open);
        }
    });
    Ok(response)
}

fn lock(members: &Mutex<Vec<Session>>) -> MutexGuard<'_, Vec<Session>> {
    members.lock().unwrap_or_else(PoisonError::into_inner)
}
