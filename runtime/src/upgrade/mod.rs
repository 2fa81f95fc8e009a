//! From a request to a session (RFC 6455, section 4.2). Checked in this order: target and Host, the route, the form of the
//! upgrade, the page's origin, the client's address and its limit, and by [`decision`] the credential and the handler.

pub(crate) mod decision;
mod first_message;
pub(crate) mod http;
pub(crate) mod refusal;
mod request;
mod switching;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use decision::{Admitted, Knock};
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use refusal::Refusal;
pub(crate) use request::WRONG_VERSION;
use request::{accept_of, check_target};
pub(crate) use switching::Switching;
use wsgen_authentication::{Admission, Principal, subprotocol_to_agree_on};
use wsgen_protocol::Escaped;
use wsgen_protocol::compression::Deflate;

use crate::handler::handshake::{Handshake, parse_query, percent_decoded};
use crate::handler::reject::Reject;
use crate::listen::proxy;
use crate::listen::shares::{Place, Share};
use crate::listen::socket::Socket;
use crate::service::Service;
use crate::session::opened::Opened;
use crate::session::route::Route;

/// A request that was agreed to: its answer, and what begins once that is on its way.
#[must_use = "the handler waits for the session's begin or its end"]
pub(crate) struct Agreed {
    pub(crate) answer: Switching,
    deflate: Option<Deflate>,
    address: Option<Share<IpAddr>>,
    next: Next,
}

/// What begins on an open connection.
enum Next {
    /// The session.
    Session(Admitted),
    /// The wait for a message with a credential.
    FirstMessage(Box<Knock>),
}

impl Agreed {
    /// Begins on an upgraded connection, from which `read_ahead` was read behind the request; `head` is the answer, where
    /// nobody else writes it.
    pub(crate) fn start(
        self,
        service: &Arc<Service>,
        socket: Socket,
        read_ahead: Bytes,
        head: Vec<u8>,
        place: Place,
    ) {
        let opened = Opened {
            socket,
            read_ahead,
            answer: head,
            deflate: self.deflate,
            rates: service.rates.clone(),
        };
        let place = place.with_address(self.address);
        match self.next {
            Next::Session(admitted) => admitted.start(opened, place),
            Next::FirstMessage(knock) => {
                first_message::start(service.clone(), *knock, opened, place);
            }
        }
    }

    /// Tells the handler that the connection was never upgraded, if it has heard of it.
    #[cfg(feature = "tower")]
    pub(crate) fn abandon(self) {
        match self.next {
            Next::Session(admitted) => admitted.session.abandon(),
            Next::FirstMessage(_) => {}
        }
    }
}

/// Who a client is, as far as that is known without its request.
#[derive(Default)]
pub(crate) struct Identity {
    /// The certificate that it has shown, verified, DER.
    pub(crate) certificate: Option<Bytes>,
    /// Who it is, where an application has authenticated it.
    pub(crate) principal: Option<Principal>,
}

/// Agrees to a request, or answers it with a refusal.
pub(crate) async fn answer(
    service: &Arc<Service>,
    peer: SocketAddr,
    identity: Identity,
    head: Parts,
    has_body: bool,
) -> Result<Agreed, Refusal> {
    let agreed = upgrade(service, peer, identity, &head, has_body).await;
    agreed.map_err(|reject| {
        let path = Escaped(head.uri.path());
        tracing::debug!(%peer, %path, status = reject.status.as_u16(), cause = reject.cause, "refused");
        service.metrics.refused(reject.cause);
        let matched = service.routes.at(head.uri.path());
        let spoken = matched.map_or(&[][..], |matched| matched.value.subprotocols());
        Refusal::new(&service.config, &head, has_body, spoken, &reject)
    })
}

async fn upgrade(
    service: &Arc<Service>,
    peer: SocketAddr,
    identity: Identity,
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
    let (peer, address) = client(service, peer, headers)?;
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
        identity,
        is_trusted,
    };
    let next = match knock.awaits_token(service) {
        true => Next::FirstMessage(Box::new(knock)),
        false => Next::Session(knock.decide(service, None).await?),
    };
    let (extensions, deflate) = service
        .compression
        .as_ref()
        .and_then(|negotiator| negotiator.agree(headers))
        .unzip();
    Ok(Agreed {
        answer: Switching::new(accept, subprotocol.map(HeaderValue::from_static))
            .with_extensions(extensions),
        deflate,
        address,
        next,
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
    Ok((client, service.place_of(client.ip())?))
}

fn path_parameters(parameters: &matchit::Params<'_, '_>) -> Result<Vec<(String, String)>, Reject> {
    let decoded = |(name, value): (&str, &str)| Some((name.to_owned(), percent_decoded(value)?));
    let parameters: Option<_> = parameters.iter().map(decoded).collect();
    parameters.ok_or_else(|| Reject::bad_request("the path is not UTF-8").because("path"))
}
