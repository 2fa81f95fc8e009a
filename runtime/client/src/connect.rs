//! The way to an open connection: TCP, TLS, the opening handshake (RFC 6455, section 4.1).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::{fmt, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use wsgen_protocol::compression::{Deflate, OFFER, accept};
use wsgen_protocol::handshake::{accept_value, is_upgrade};
use wsgen_protocol::wire::{Bounds, Role, Wire};
use wsgen_protocol::{Decode, Encode, Meter, Rates};

use crate::{Connection, Target, worker};

/// Frames on whatever carries them.
pub(crate) type ClientWire = Wire<TokioIo<Upgraded>>;

/// The longest head of an answer, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// How much of a refusal's text is kept, in bytes.
const REASON_BYTES: usize = 1024;

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// The URL, a parameter or a credential cannot be sent; what is wrong with it.
    Invalid(String),
    /// The server cannot be reached, or breaks off.
    Io(io::Error),
    /// It takes longer than [`Target::connect_timeout`].
    Timeout,
    /// The server says no.
    Refused {
        /// The status of HTTP.
        status: u16,
        /// What it says about it.
        reason: String,
    },
    /// What answers is no WebSocket server.
    Handshake(String),
}

impl Target {
    /// Connects.
    ///
    /// # Errors
    /// A server that cannot be reached or says no, or a target that makes no request.
    pub async fn connect<O: Encode, I: Decode>(self) -> Result<Connection<O, I>, ConnectError> {
        let wire = open(&self).await?;
        Ok(worker::start(self, wire))
    }
}

impl ConnectError {
    /// Whether the same request may go well another time.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Io(_) | Self::Timeout => true,
            Self::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            Self::Invalid(_) | Self::Handshake(_) => false,
        }
    }
}

/// A connection on which both have agreed.
pub(crate) async fn open(target: &Target) -> Result<ClientWire, ConnectError> {
    let opened = tokio::time::timeout(target.connect_timeout, open_in_time(target)).await;
    opened.unwrap_or(Err(ConnectError::Timeout))
}

async fn open_in_time(target: &Target) -> Result<ClientWire, ConnectError> {
    let uri: Uri = target
        .url
        .parse()
        .map_err(|error| invalid("the URL", &error))?;
    let host = uri
        .host()
        .ok_or_else(|| invalid("the URL", &"it has no host"))?;
    let is_secure = match uri.scheme_str() {
        Some("ws") => false,
        Some("wss") => true,
        _ => return Err(invalid("the URL", &"ws:// or wss:// is expected")),
    };
    let key = key()?;
    let request = request(target, &uri, &key)?;
    let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    // Brackets are the URL's, not the address's.
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let socket = TcpStream::connect((address, port))
        .await
        .map_err(ConnectError::Io)?;
    socket.set_nodelay(true).map_err(ConnectError::Io)?;
    let (upgraded, deflate) = match is_secure {
        false => upgrade(socket, request, &key, target).await?,
        #[cfg(feature = "tls")]
        true => {
            let socket = super::tls::connect(target, address, socket).await?;
            upgrade(socket, request, &key, target).await?
        }
        #[cfg(not(feature = "tls"))]
        true => {
            return Err(invalid(
                "wss://",
                &"turn on the feature `client-tls` of wsgen-runtime",
            ));
        }
    };
    Ok(wire(TokioIo::new(upgraded), deflate, target))
}

/// The server sends as often as it likes.
fn wire(socket: TokioIo<Upgraded>, deflate: Option<Deflate>, target: &Target) -> ClientWire {
    let bounds = Bounds {
        message_size: target.message_size,
        message_fragments: usize::MAX,
    };
    let meter = Meter::new(Arc::new(Rates::default()));
    // What comes behind the answer comes out of the socket first.
    Wire::new(Role::Client, socket, b"", bounds, meter, deflate)
}

fn invalid(what: &str, why: &dyn fmt::Display) -> ConnectError {
    ConnectError::Invalid(format!("{what}: {why}"))
}

/// 16 bytes that nobody can foresee.
fn key() -> Result<HeaderValue, ConnectError> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|error| ConnectError::Io(io::Error::other(error)))?;
    HeaderValue::from_str(&BASE64.encode(key)).map_err(|error| invalid("the key", &error))
}

fn request(target: &Target, uri: &Uri, key: &HeaderValue) -> Result<Request<String>, ConnectError> {
    let mut path = format!("{}{}", uri.path().trim_end_matches('/'), target.path);
    if path.is_empty() {
        path.push('/');
    }
    let mut query = form_urlencoded::Serializer::new(uri.query().unwrap_or("").to_owned());
    let query = query.extend_pairs(&target.query).finish();
    if !query.is_empty() {
        path = format!("{path}?{query}");
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    // What stands before `@` is for nobody else.
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let mut request = Request::builder()
        .uri(path)
        .header(HOST, host)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, key);
    if !target.subprotocols.is_empty() {
        request = request.header(SEC_WEBSOCKET_PROTOCOL, target.subprotocols.join(", "));
    }
    if target.compression {
        request = request.header(SEC_WEBSOCKET_EXTENSIONS, OFFER);
    }
    for (name, value) in &target.headers {
        let fault = |error: &dyn fmt::Display| invalid(&format!("the header {name}"), error);
        let header = HeaderName::try_from(name.as_str()).map_err(|error| fault(&error))?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|error| fault(&error))?;
        value.set_sensitive(true);
        request = request.header(header, value);
    }
    request
        .body(String::new())
        .map_err(|error| invalid("the request", &error))
}

async fn upgrade<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    socket: S,
    request: Request<String>,
    key: &HeaderValue,
    target: &Target,
) -> Result<(Upgraded, Option<Deflate>), ConnectError> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(broken)?;
    // Ends with the upgrade or with the connection; what goes wrong shows in the answer.
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(broken)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let status = response.status().as_u16();
        let reason = reason(response.into_body()).await;
        return Err(ConnectError::Refused { status, reason });
    }
    let deflate = check(&response, key, target)?;
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok((upgraded, deflate))
}

fn broken(error: hyper::Error) -> ConnectError {
    match error.is_parse() {
        true => ConnectError::Handshake(error.to_string()),
        false => ConnectError::Io(io::Error::other(error)),
    }
}

/// The server has become a WebSocket, has understood the key, and wants nothing that was not offered (RFC 6455,
/// section 4.1); how messages are compressed, if they are.
fn check(
    response: &Response<Incoming>,
    key: &HeaderValue,
    target: &Target,
) -> Result<Option<Deflate>, ConnectError> {
    let headers = response.headers();
    let agreed = headers.get(SEC_WEBSOCKET_PROTOCOL);
    let is_known = |agreed: &HeaderValue| target.subprotocols.iter().any(|known| agreed == known);
    let fault = if !is_upgrade(headers) {
        "it switches to something else"
    } else if headers.get(SEC_WEBSOCKET_ACCEPT) != accept_value(key).as_ref() {
        "Sec-WebSocket-Accept does not fit the key"
    } else if !target.compression && headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        "an extension that was not offered"
    } else if !agreed.is_none_or(is_known) {
        "a subprotocol that was not offered"
    } else {
        match accept(headers) {
            Ok(deflate) => return Ok(deflate),
            Err(fault) => fault,
        }
    };
    Err(ConnectError::Handshake(fault.to_owned()))
}

/// The beginning of a refusal's text.
async fn reason(mut body: Incoming) -> String {
    let mut text = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if text.len() >= REASON_BYTES {
            text.truncate(REASON_BYTES);
            break;
        }
    }
    String::from_utf8_lossy(&text).trim_end().to_owned()
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(fault) => f.write_str(fault),
            Self::Io(error) => write!(f, "cannot connect: {error}"),
            Self::Timeout => f.write_str("connecting takes too long"),
            Self::Refused { status, reason } => {
                write!(f, "the server refuses with {status}: {reason}")
            }
            Self::Handshake(fault) => write!(f, "this is no WebSocket server: {fault}"),
        }
    }
}

impl std::error::Error for ConnectError {}
