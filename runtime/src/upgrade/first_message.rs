//! A credential in the first message, for clients that can show it nowhere else, where the settings ask for it.
//!
//! It stands between the upgrade and the session: until the token is accepted there is no session, so no handler hears of the
//! connection, and nothing can be published to it.

use std::future::poll_fn;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use wsgen_protocol::close::{answering_payload, close_payload, code};
use wsgen_protocol::wire::{Fault, Opcode, Received, Wire};
use wsgen_protocol::{Escaped, Message};

use crate::handler::reject::Reject;
use crate::listen::shares::Place;
use crate::listen::socket::end_gracefully;
use crate::service::{Phase, Service};
use crate::session::opened::Opened;
use crate::upgrade::decision::{Admitted, Knock};
use crate::upgrade::refusal::close_code;

/// Why a connection ends before its session begins.
enum Ending {
    /// By us: a code, and a reason.
    Close(u16, String),
    /// By the peer, whose Close frame had this code.
    Answer(Option<u16>),
    /// Nobody is there.
    Lost,
}

/// Begins as soon as the connection is upgraded: waits for the token, and then for the decision.
pub(super) fn start(service: Arc<Service>, knock: Knock, opened: Opened, place: Place) {
    tokio::spawn(introduce(service, knock, opened, place));
}

async fn introduce(service: Arc<Service>, knock: Knock, opened: Opened, place: Place) {
    let peer = knock.handshake.peer;
    let mut wire = opened.wire(&service.config);
    let decided = tokio::select! {
        () = service.progress.reached(Phase::Stopping) => {
            Err(Ending::Close(code::SERVICE_RESTART, "the server restarts".to_owned()))
        }
        decided = decide(&service, knock, &mut wire) => decided,
    };
    match decided {
        Ok(admitted) => {
            let (socket, read_ahead, deflate) = wire.into_parts();
            let opened = Opened {
                socket,
                read_ahead,
                answer: Vec::new(),
                deflate,
                rates: service.rates.clone(),
            };
            admitted.start(opened, place);
        }
        Err(ending) => {
            if let Ending::Close(code, reason) = &ending {
                let reason = Escaped(reason);
                tracing::debug!(%peer, code, %reason, "not let in by the first message");
            }
            let end = end(wire, ending);
            // A peer that does not play along is cut off.
            let _ = tokio::time::timeout(service.config.timeouts.close, end).await;
        }
    }
}

/// Reads the token, and asks who decides.
async fn decide<S: AsyncRead + AsyncWrite + Unpin>(
    service: &Service,
    knock: Knock,
    wire: &mut Wire<S>,
) -> Result<Admitted, Ending> {
    let refuse = |reject: &Reject| {
        service.metrics.refused(reject.cause);
        Ending::Close(close_code(reject.status), reject.reason.clone())
    };
    let deadline = service.config.timeouts.first_message;
    let Ok(message) = tokio::time::timeout(deadline, first_message(wire)).await else {
        let reason = "the credential does not come";
        return Err(refuse(
            &Reject::status(408, reason).because("first_message"),
        ));
    };
    let message = message?;
    let member = &service.config.authentication.first_message;
    let token = token(&message, member).ok_or_else(|| {
        let reason =
            format!("the first message is a JSON object with the credential in {member:?}");
        refuse(&Reject::bad_request(reason).because("first_message"))
    })?;
    let decision = knock.decide(service, Some(&token)).await;
    decision.map_err(|reject| refuse(&reject))
}

/// The first message, with everything written that is before it; until it is there, answers pings.
async fn first_message<S: AsyncRead + AsyncWrite + Unpin>(
    wire: &mut Wire<S>,
) -> Result<Message, Ending> {
    loop {
        match poll_fn(|cx| wire.poll_next(cx)).await {
            Ok(Received::Message(message)) => {
                let written = poll_fn(|cx| wire.poll_drain(cx)).await;
                break written.map(|()| message).map_err(|_| Ending::Lost);
            }
            // It leaves when the next read finds nothing.
            Ok(Received::Ping(payload)) => wire.send_control(Opcode::Pong, payload),
            Ok(Received::Pong) => {}
            Ok(Received::Close(code, _)) => break Err(Ending::Answer(code)),
            Err(Fault::Violation(violation)) => {
                break Err(Ending::Close(violation.code(), violation.to_string()));
            }
            Err(Fault::Excess(excess)) => {
                break Err(Ending::Close(code::POLICY_VIOLATION, excess.to_owned()));
            }
            Err(Fault::Lost) => break Err(Ending::Lost),
        }
    }
}

/// The text that an object of JSON has under this name.
fn token(message: &Message, member: &str) -> Option<String> {
    let Message::Text(text) = message else {
        return None;
    };
    match serde_json::from_str::<Value>(text).ok()?.get_mut(member)? {
        Value::String(token) => Some(std::mem::take(token)),
        _ => None,
    }
}

/// Sends our Close frame, and ends TCP. Put a deadline around it.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(mut wire: Wire<S>, ending: Ending) {
    let payload = match ending {
        Ending::Close(code, reason) => close_payload(code, &reason),
        Ending::Answer(code) => answering_payload(code),
        Ending::Lost => return,
    };
    if poll_fn(|cx| wire.poll_ready(cx)).await.is_ok() {
        wire.send_control(Opcode::Close, payload);
        if poll_fn(|cx| wire.poll_drain(cx)).await.is_ok() {
            end_gracefully(wire.into_socket()).await;
        }
    }
}
