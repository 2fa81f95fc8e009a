//! The answer that agrees to a WebSocket.

#[cfg(feature = "tower")]
use hyper::Response;
#[cfg(feature = "tower")]
use hyper::StatusCode;
#[cfg(feature = "tower")]
use hyper::header::HeaderName;
use hyper::header::HeaderValue;

#[cfg(feature = "tower")]
use super::http::{Text, empty};

/// The answer that makes a connection a WebSocket (RFC 6455, section 4.2.2).
pub(crate) struct Switching {
    accept: HeaderValue,
    subprotocol: Option<HeaderValue>,
    extensions: Option<String>,
}

impl Switching {
    pub(crate) fn new(accept: HeaderValue, subprotocol: Option<HeaderValue>) -> Self {
        Self {
            accept,
            subprotocol,
            extensions: None,
        }
    }

    /// With the extensions that were agreed on.
    pub(crate) fn with_extensions(self, extensions: Option<String>) -> Self {
        Self { extensions, ..self }
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
    pub(crate) fn response(&self) -> Response<Text> {
        let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
        for (name, value) in self.headers() {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.try_into()) {
                response.headers_mut().insert::<HeaderName>(name, value);
            }
        }
        response
    }
}
