//! Where a client connects to, and as whom.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::Reconnect;

/// What stays in a segment of a path (RFC 3986, section 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where to connect, as whom, and within which limits.
#[derive(Clone)]
pub struct Target {
    pub(crate) url: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) subprotocols: &'static [&'static str],
    pub(crate) message_size: usize,
    pub(crate) compression: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) reconnect: Option<Reconnect>,
    /// Authorities in PEM, beside those of the system.
    #[cfg(feature = "tls")]
    pub(crate) trusted: Vec<u8>,
}

/// What a client shows to be let in.
#[derive(Clone)]
pub struct Credential(Place, String);

#[derive(Clone)]
enum Place {
    Query(&'static str),
    Header(&'static str),
    Cookie(&'static str),
}

impl Target {
    /// The server at `url`, such as `wss://chat.example.com/ws`: without the path of the channel.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            path: String::new(),
            query: Vec::new(),
            headers: Vec::new(),
            subprotocols: &[],
            message_size: 64 * 1024,
            compression: false,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(10),
            reconnect: None,
            #[cfg(feature = "tls")]
            trusted: Vec::new(),
        }
    }

    /// Shows this credential.
    #[must_use]
    pub fn with(mut self, credential: Credential) -> Self {
        let Credential(place, value) = credential;
        match place {
            Place::Query(name) => self.query.push((name.to_owned(), value)),
            Place::Header(name) => self.headers.push((name.to_owned(), value)),
            Place::Cookie(name) => self
                .headers
                .push(("cookie".to_owned(), format!("{name}={value}"))),
        }
        self
    }

    /// Connects again when the connection is lost; by default nothing does.
    #[must_use]
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        self.reconnect = Some(reconnect);
        self
    }

    /// Offers to compress messages (RFC 7692), which the server may decline: less to send for more memory, about 390 KiB
    /// for a connection. Default false.
    #[must_use]
    pub fn compression(mut self, is_offered: bool) -> Self {
        self.compression = is_offered;
        self
    }

    /// The longest message to take, in bytes. Default 64 KiB.
    #[must_use]
    pub fn message_size(mut self, bytes: usize) -> Self {
        self.message_size = bytes;
        self
    }

    /// How long connecting may take, from the name's lookup to the server's answer. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a request waits for its reply. Default 10 s.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Trusts the authorities in this PEM text as well as the system's.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn trust(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.trusted.extend_from_slice(pem.as_ref());
        self
    }

    /// The path of the channel, with `{name}` for its parameters.
    #[must_use]
    pub fn path(mut self, template: &str) -> Self {
        self.path = template.to_owned();
        self
    }

    /// Puts a parameter into the path.
    #[must_use]
    pub fn fill(mut self, name: &str, value: &impl Serialize) -> Self {
        let text = texts(value).join(",");
        let escaped = utf8_percent_encode(&text, ESCAPED).to_string();
        self.path = self.path.replace(&format!("{{{name}}}"), &escaped);
        self
    }

    /// Adds a parameter to the query, unless it is absent.
    #[must_use]
    pub fn query(mut self, name: &str, value: &impl Serialize) -> Self {
        let values = texts(value).into_iter();
        self.query
            .extend(values.map(|value| (name.to_owned(), value)));
        self
    }

    /// Adds a header, unless it is absent.
    #[must_use]
    pub fn header(mut self, name: &str, value: &impl Serialize) -> Self {
        let values = texts(value).into_iter();
        self.headers
            .extend(values.map(|value| (name.to_owned(), value)));
        self
    }

    /// The subprotocols that the client speaks, the preferred one first.
    #[must_use]
    pub fn subprotocols(mut self, subprotocols: &'static [&'static str]) -> Self {
        self.subprotocols = subprotocols;
        self
    }
}

impl fmt::Debug for Target {
    /// Without query and headers, where the secrets are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("url", &self.url)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// A token in `Authorization: Bearer`.
    pub fn bearer(token: impl AsRef<str>) -> Self {
        Self(
            Place::Header("authorization"),
            format!("Bearer {}", token.as_ref()),
        )
    }

    /// A user and a password in `Authorization: Basic`.
    pub fn basic(user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let pair = format!("{}:{}", user.as_ref(), password.as_ref());
        Self(
            Place::Header("authorization"),
            format!("Basic {}", BASE64.encode(pair)),
        )
    }

    /// A key in the query.
    pub fn query(name: &'static str, key: impl Into<String>) -> Self {
        Self(Place::Query(name), key.into())
    }

    /// A key in a header.
    pub fn header(name: &'static str, key: impl Into<String>) -> Self {
        Self(Place::Header(name), key.into())
    }

    /// A key in a cookie.
    pub fn cookie(name: &'static str, key: impl Into<String>) -> Self {
        Self(Place::Cookie(name), key.into())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

/// A parameter as text: nothing for an absent one, several for a list.
fn texts(value: &impl Serialize) -> Vec<String> {
    fn text(value: Value) -> Vec<String> {
        match value {
            Value::Null => Vec::new(),
            Value::String(text) => vec![text],
            Value::Array(items) => items.into_iter().flat_map(text).collect(),
            other => vec![other.to_string()],
        }
    }
    // Parameters are scalars and lists of them, which always are values.
    serde_json::to_value(value).map_or_else(|_| Vec::new(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_escaped_and_absent_ones_left_out() {
        let target = Target::new("ws://x")
            .path("/rooms/{room}/{page}")
            .fill("room", &"c++ / {page}")
            .fill("page", &7)
            .query("a", &vec!["1", "2"])
            .query("b", &None::<String>)
            .header("x-c", &true)
            .with(Credential::basic("ada", "pass"));
        assert_eq!(target.path, "/rooms/c%2B%2B%20%2F%20%7Bpage%7D/7");
        let query: Vec<_> = target
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(query, ["a=1", "a=2"]);
        let headers: Vec<_> = target
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        assert_eq!(headers, ["x-c: true", "authorization: Basic YWRhOnBhc3M="]);
        assert!(!format!("{target:?}").contains("YWRh"));
    }
}
