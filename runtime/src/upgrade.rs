//! The checks that a request passes before it becomes a WebSocket (RFC 6455, section 4.2), in order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
#[cfg(feature = "tower")]
use hyper::Response;
use hyper::header::{
    ALLOW, CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode, Version};

use crate::config::Config;
use crate::decision::Knock;
use crate::handshake::{parse_query, percent_decoded};
use crate::refusal::Refusal;
use crate::route::{Opened, Route, Start};
use crate::server::Service;
use crate::shares::Share;
use crate::{Handshake, Reject, first_message, origin, proxy};
use wsgen_authentication::{Admission, subprotocol_to_agree_on};
use wsgen_protocol::Escaped;
use wsgen_protocol::handshake::{accept_value, is_upgrade};

/// What a request in any other version of HTTP is told.
pub(crate) const WRONG_VERSION: &str = "a WebSocket is opened by a request in HTTP/1.1";

/// A request that was agreed to: its answer, and the session to begin once that is on its way.
pub(crate) struct Agreed {
    pub(crate) answer: Switching,
    pub(crate) start: Start,
}

/// The answer that makes a connection a WebSocket (RFC 6455, section 4.2.2).
pub(crate) struct Switching {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    extensions: Option<String>,
}

/// Agrees to a request, or answers it with a refusal.
pub(crate) async fn answer(
    service: &Arc<Service>,
    peer: SocketAddr,
    certificate: Option<&Bytes>,
    head: Parts,
    has_body: bool,
) -> Result<Agreed, Refusal> {
    let agreed = upgrade(service, peer, certificate, &head, has_body).await;
    agreed.map_err(|reject| {
        let path = Escaped(head.uri.path());
        tracing::debug!(%peer, %path, status = reject.status.as_u16(), cause = reject.cause, "refused");
        service.metrics.refused(reject.cause);
        let matched = service.routes.at(head.uri.path());
        let spoken = matched.map_or(&[][..], |matched| matched.value.subprotocols());
        Refusal::new(&service.config, &head, has_body, spoken, &reject)
    })
}

impl Switching {
    pub(crate) fn new(accept: HeaderValue, subprotocol: Option<HeaderValue>) -> Self {
        Self {
            accept,
            subprotocol,
            extensions: None,
        }
    }

    fn headers(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let always: [(_, &[u8]); 3] = [
            ("Upgrade", b"websocket"),
            // Nothing beside it: many clients compare the whole text.
            ("Connection", b"Upgrade"),
            ("Sec-WebSocket-Accept", self.accept.as_bytes()),
        ];
        let subprotocol = self.subprotocol.as_ref().map(HeaderValue::as_bytes);
        let subprotocol = subprotocol.map(|agreed| ("Sec-WebSocket-Protocol", agreed));
        let extensions = self.extensions.as_ref().map(String::as_bytes);
        let extensions = extensions.map(|agreed| ("Sec-WebSocket-Extensions", agreed));
        always.into_iter().chain(subprotocol).chain(extensions)
    }

    /// As bytes, with the names written as in the RFC: some clients compare these as well.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = b"HTTP/1.1 101 Switching Protocols\r\n".to_vec();
        for (name, value) in self.headers() {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// For an application that writes its own answers.
    #[cfg(feature = "tower")]
    pub(crate) fn response(&self) -> Response<crate::http::Text> {
        let mut response = crate::http::empty(StatusCode::SWITCHING_PROTOCOLS);
        for (name, value) in self.headers() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.try_into()) {
                response.headers_mut().insert::<HeaderName>(name, value);
            }
        }
        response
    }
}

/// The answer when there is no room for another connection.
pub(crate) fn no_room(config: &Config, head: &Parts, has_body: bool) -> Refusal {
    let reject = no_room_reject("connection_limit");
    Refusal::new(config, head, has_body, &[], &reject)
}

async fn upgrade(
    service: &Arc<Service>,
    peer: SocketAddr,
    certificate: Option<&Bytes>,
    head: &Parts,
    has_body: bool,
) -> Result<Agreed, Reject> {
    check_target(head)?;
    let uri_path = head.uri.path();
    let matched = service.routes.at(uri_path);
    let matched = matched.map_err(|_| {
        Reject::not_found("not found: no WebSocket is served at this path").because("path")
    })?;
    let accept = accept_of(head, has_body)?;
    let headers = &head.headers;
    service.origins.check(headers)?;
    let is_trusted = proxy::is_trusted(&service.config.proxy, peer.ip());
    let (peer, place) = client(service, peer, headers)?;
    let route: Arc<dyn Route> = matched.value.clone();
    let handshake = Handshake {
        uri_path: uri_path.to_owned(),
        path: path_parameters(&matched.params)?,
        query: parse_query(head.uri.query().unwrap_or_default()),
        headers: headers.clone(),
        peer,
        admission: Admission::default(),
        subprotocol: subprotocol_to_agree_on(headers, route.subprotocols()),
    };
    let subprotocol = handshake.subprotocol;
    let knock = Knock {
        route,
        handshake,
        certificate: certificate.cloned(),
        is_trusted,
    };
    let (start, share) = match knock.awaits_token(service) {
        true => (first_message::start(service.clone(), knock), None),
        false => knock.decide(service, None).await?,
    };
    let (extensions, deflate) = service
        .compression
        .as_ref()
        .and_then(|negotiator| negotiator.agree(headers))
        .unzip();
    Ok(Agreed {
        answer: Switching {
            extensions,
            ..Switching::new(accept, subprotocol.map(HeaderValue::from_static))
        },
        start: Box::new(|opened, places| {
            let opened = opened.map(|opened| Opened { deflate, ..opened });
            start(opened, places.with(place, share));
        }),
    })
}

/// The client's address where a trusted proxy tells it in the headers, with a place among the connections of that
/// address; the peer's, whose place is taken already, everywhere else.
fn client(
    service: &Service,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<(SocketAddr, Option<Share<IpAddr>>), Reject> {
    let proxy = &service.config.proxy;
    if !proxy::is_in_headers(proxy, peer.ip()) {
        return Ok((peer, None));
    }
    let client = proxy::from_headers(proxy, headers, peer);
    if client.ip().is_unspecified() {
        return Ok((client, None));
    }
    let place = service
        .addresses
        .enter(client.ip())
        .ok_or_else(|| no_room_reject("address_limit"))?;
    Ok((client, Some(place)))
}

pub(crate) fn no_room_reject(cause: &'static str) -> Reject {
    Reject::unavailable("too many connections: try again later").because(cause)
}

/// One Host header is due in HTTP/1.1 (RFC 9112, section 3.2), and HTTP/1.0 has no upgrade. What others between would
/// read differently, or not at all, is refused.
fn check_target(head: &Parts) -> Result<(), Reject> {
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
fn accept_of(head: &Parts, has_body: bool) -> Result<HeaderValue, Reject> {
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

fn path_parameters(parameters: &matchit::Params<'_, '_>) -> Result<Vec<(String, String)>, Reject> {
    let decoded = |(name, value): (&str, &str)| Some((name.to_owned(), percent_decoded(value)?));
    let parameters: Option<_> = parameters.iter().map(decoded).collect();
    parameters.ok_or_else(|| Reject::bad_request("the path is not UTF-8").because("path"))
}

/// The one header of this name.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}
