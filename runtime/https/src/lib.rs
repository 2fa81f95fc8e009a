//! One request by HTTPS, bounded in time and size: no redirects, no cookies, no proxies, no more HTTP than we need.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::HOST;
use hyper::http::request::Builder;
use hyper::http::uri::Scheme;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long one request may take.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// The largest answer, in bytes; the keys of the large providers take 10 to 30 KiB.
const LARGEST: usize = 256 * 1024;

/// Asks servers whose certificates are trusted; without authorities, only in the clear.
pub struct Client(Option<TlsConnector>);

impl Client {
    /// Trusts whom this machine trusts.
    ///
    /// # Errors
    /// The machine names no authority.
    pub fn new() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        match roots.is_empty() {
            true => Err("no authorities of certificates are found on this machine: install `ca-certificates`, or name a file in SSL_CERT_FILE".to_owned()),
            false => Self::trusting(roots),
        }
    }

    /// For addresses of `http://`.
    pub const fn in_the_clear() -> Self {
        Self(None)
    }

    /// Trusts these authorities.
    ///
    /// # Errors
    /// TLS that cannot be set up.
    pub fn trusting(roots: RootCertStore) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Some(Arc::new(config).into())))
    }

    /// The text at `uri`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, uri: &Uri) -> Result<String, String> {
        let request = Request::get(target(uri)).header(hyper::header::ACCEPT, "application/json");
        self.send(uri, request, String::new()).await
    }

    /// The text that `uri` answers to a `request` for its [`target`].
    ///
    /// # Errors
    /// Whatever is not 200 with a text of a bearable size, in time.
    pub async fn send(&self, uri: &Uri, request: Builder, body: String) -> Result<String, String> {
        let request = request
            .header(HOST, uri.authority().map_or("", |host| host.as_str()))
            .body(body)
            .map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(DEADLINE, self.ask(uri, request)).await;
        answer
            .unwrap_or_else(|_| Err(format!("no answer within {DEADLINE:?}")))
            .map_err(|fault| format!("{uri}: {fault}"))
    }

    async fn ask(&self, uri: &Uri, request: Request<String>) -> Result<String, String> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let socket = TcpStream::connect((host, port)).await;
        let socket = socket.map_err(|error| error.to_string())?;
        if !is_secure {
            return ask(socket, request).await;
        }
        let tls = self.0.as_ref().ok_or("nobody is trusted")?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let socket = tls.connect(name, socket).await;
        ask(socket.map_err(|error| error.to_string())?, request).await
    }
}

/// What stands in the request's line.
pub fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

async fn ask(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<String>,
) -> Result<String, String> {
    let fault = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(64 * 1024)
        .handshake(TokioIo::new(socket))
        .await
        .map_err(fault)?;
    let text = async { text(sender.send_request(request).await.map_err(fault)?).await };
    tokio::select! {
        text = text => text,
        // It drives the request, and ends when the peer does.
        Err(error) = connection => Err(error.to_string()),
    }
}

async fn text(response: Response<Incoming>) -> Result<String, String> {
    if response.status() != StatusCode::OK {
        return Err(format!("the answer is {}", response.status()));
    }
    let mut body = response.into_body();
    let mut text = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| error.to_string())?;
        if let Some(data) = frame.data_ref() {
            text.extend_from_slice(data);
        }
        if text.len() > LARGEST {
            return Err(format!("the answer is longer than {LARGEST} bytes"));
        }
    }
    String::from_utf8(text).map_err(|_| "the answer is not UTF-8".to_owned())
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}
