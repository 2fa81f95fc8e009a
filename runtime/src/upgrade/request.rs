//! What a request must be to become a WebSocket (RFC 6455, section 4.2.1).

use hyper::header::{
    ALLOW, CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode, Version};
use wsgen_protocol::handshake::{accept_value, is_upgrade};

use crate::handler::reject::Reject;
use crate::origin;

/// What a request in any other version of HTTP is told.
pub(crate) const WRONG_VERSION: &str = "a WebSocket is opened by a request in HTTP/1.1";

/// One Host header is due in HTTP/1.1 (RFC 9112, section 3.2), and HTTP/1.0 has no upgrade. What others between would
/// read differently, or not at all, is refused.
pub(super) fn check_target(head: &Parts) -> Result<(), Reject> {
    if head.version != Version::HTTP_11 {
        let status = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
        return Err(Reject::new(status, WRONG_VERSION).because("http_version"));
    }
    if only(&head.headers, HOST).and_then(origin::named).is_none() {
        let reason = "one Host header is expected, a host and perhaps a port";
        return Err(Reject::bad_request(reason).because("host"));
    }
    let target = head
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    match target.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => {
            let reason = "path and query are visible ASCII: other characters are percent-encoded";
            Err(Reject::bad_request(reason).because("path"))
        }
    }
}

/// The value of `Sec-WebSocket-Accept` for a request that is right in form, whoever sends it.
pub(crate) fn accept_in_form(head: &Parts, has_body: bool) -> Result<HeaderValue, Reject> {
    check_target(head)?;
    accept_of(head, has_body)
}

/// Method, upgrade, version and key; the value of `Sec-WebSocket-Accept`.
pub(super) fn accept_of(head: &Parts, has_body: bool) -> Result<HeaderValue, Reject> {
    let headers = &head.headers;
    if head.method != Method::GET {
        let reject = Reject::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "only GET is allowed: connect with a WebSocket client",
        );
        return Err(reject.with(ALLOW, "GET").because("method"));
    }
    if has_body {
        return Err(Reject::bad_request("an upgrade has no body").because("body"));
    }
    if !is_upgrade(headers) {
        let reason = "this is a WebSocket: connect with a WebSocket client";
        return Err(upgrade_required(reason).because("no_upgrade"));
    }
    if only(headers, SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let reason = "Sec-WebSocket-Version: 13 is expected";
        return Err(upgrade_required(reason).because("websocket_version"));
    }
    only(headers, SEC_WEBSOCKET_KEY)
        .and_then(accept_value)
        .ok_or_else(|| {
            Reject::bad_request("Sec-WebSocket-Key must be 16 bytes in base64").because("key")
        })
}

/// 426, with what to upgrade to (RFC 9110, section 15.5.22; RFC 6455, section 4.4).
fn upgrade_required(reason: &str) -> Reject {
    Reject::new(StatusCode::UPGRADE_REQUIRED, reason)
        .with(UPGRADE, "websocket")
        .with(CONNECTION, "Upgrade")
        .with(SEC_WEBSOCKET_VERSION, "13")
}

/// The one header of this name.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}
