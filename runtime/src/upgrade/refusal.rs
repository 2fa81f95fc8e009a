//! How a refusal is told: by an answer of HTTP, which no page in a browser can read, or to a page by the upgrade and a Close
//! frame at once, where the settings say so.

use hyper::header::{HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use wsgen_authentication::subprotocol_to_close_with;
use wsgen_config::{Config, RefusalForm};
use wsgen_protocol::close::{close_payload, code};

use super::request::accept_in_form;
use super::switching::Switching;
use crate::handler::reject::Reject;
use crate::upgrade::http::{Text, text};

/// What a client gets in the place of a connection.
pub(crate) enum Refusal {
    Http(Response<Text>),
    /// The upgrade, and the frame that ends it.
    Close(Switching, Vec<u8>),
}

impl Refusal {
    /// The refusal of this request on a route that speaks some subprotocols.
    pub(crate) fn new(
        config: &Config,
        head: &Parts,
        has_body: bool,
        spoken: &'static [&'static str],
        reject: &Reject,
    ) -> Self {
        let is_page = head.headers.contains_key(ORIGIN);
        let is_wanted = config.handshake.refusal == RefusalForm::Close && is_page;
        match is_wanted.then(|| accept_in_form(head, has_body)) {
            Some(Ok(accept)) => {
                let subprotocol = subprotocol_to_close_with(&head.headers, spoken);
                Self::Close(Switching::new(accept, subprotocol), close_frame(reject))
            }
            // Without an upgrade nobody reads frames.
            Some(Err(_)) | None => Self::Http(answer(reject)),
        }
    }
}

/// The answer of HTTP.
pub(crate) fn answer(reject: &Reject) -> Response<Text> {
    let mut response = text(reject.status, &reject.reason);
    for (name, value) in &reject.headers {
        response
            .headers_mut()
            .append(name, HeaderValue::from_static(value));
    }
    response
}

/// A whole Close frame (RFC 6455, section 5.5.1): its payload is short, and a server's is not masked.
fn close_frame(reject: &Reject) -> Vec<u8> {
    let payload = close_payload(close_code(reject.status), &reject.reason);
    let mut frame = vec![0x88];
    frame.extend(u8::try_from(payload.len()));
    frame.extend(payload);
    frame
}

/// The close code that says the same as a status. Those of 4000 and more are for applications to agree on (RFC 6455, section
/// 7.4.2), and nothing registered says "who are you?".
pub(crate) fn close_code(status: StatusCode) -> u16 {
    match status.as_u16() {
        503 => code::TRY_AGAIN_LATER,
        fault @ 400..=499 => 4000 + fault,
        _ => code::INTERNAL_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_says_what_the_answer_says() {
        for (reject, code) in [
            (Reject::unauthorized("who?"), 4401_u16),
            (Reject::status(429, "x".repeat(500)), 4429),
            (Reject::unavailable("later"), 1013),
            (Reject::status(500, ""), 1011),
            (Reject::status(501, "\u{e9}".repeat(100)), 1011),
        ] {
            let frame = close_frame(&reject);
            assert_eq!(frame[..2], [0x88, u8::try_from(frame.len() - 2).unwrap()]);
            assert!(frame.len() <= 127);
            assert_eq!(frame[2..4], code.to_be_bytes());
            let reason = std::str::from_utf8(&frame[4..]).unwrap();
            assert!(reject.reason.starts_with(reason));
        }
    }
}
