//! The request that opened a connection, as the handler's `connect` sees it.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use hyper::HeaderMap;
use wsgen_authentication::{Admission, Principal};

use crate::handler::parameter::Parameter;
use crate::handler::reject::Reject;

/// The checked request of a connection that asks to be let in: parameters, headers, and who it is.
#[derive(Clone)]
pub struct Handshake {
    pub(crate) uri_path: String,
    pub(crate) path: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: SocketAddr,
    pub(crate) admission: Admission,
    pub(crate) subprotocol: Option<&'static str>,
}

impl Handshake {
    /// The path parameter `name`, percent-decoded.
    ///
    /// # Errors
    /// 400 when the text is no `T`.
    pub fn path<T: Parameter>(&self, name: &str) -> Result<T, Reject> {
        let values = values(&self.path, name);
        T::parse_all(values).map_err(|fault| {
            Reject::bad_request(format!("path parameter {name}: {fault}")).because("parameter")
        })
    }

    /// The query parameter `name`, if it is given.
    ///
    /// # Errors
    /// 400 when the text is no `T`, or is given twice and `T` is no list.
    pub fn query<T: Parameter>(&self, name: &str) -> Result<Option<T>, Reject> {
        let mut values = values(&self.query, name).peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        T::parse_all(values).map(Some).map_err(|fault| {
            Reject::bad_request(format!("query parameter {name}: {fault}")).because("parameter")
        })
    }

    /// The query parameter `name`.
    ///
    /// # Errors
    /// 400 when it is missing, or as for [`Handshake::query`].
    pub fn required_query<T: Parameter>(&self, name: &str) -> Result<T, Reject> {
        self.query(name)?.ok_or_else(|| {
            Reject::bad_request(format!("query parameter {name} is missing")).because("parameter")
        })
    }

    /// The header `name` (in any case), if it is given.
    ///
    /// # Errors
    /// 400 when the text is no `T`, or is given twice and `T` is no list.
    pub fn header<T: Parameter>(&self, name: &str) -> Result<Option<T>, Reject> {
        let fault = |fault: &str| {
            Reject::bad_request(format!("header {name}: {fault}")).because("parameter")
        };
        let values: Result<Vec<&str>, _> = self
            .headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str())
            .collect();
        let values = values.map_err(|_| fault("visible ASCII is expected"))?;
        if values.is_empty() {
            return Ok(None);
        }
        T::parse_all(values.into_iter())
            .map(Some)
            .map_err(|found| fault(&found))
    }

    /// The header `name` (in any case).
    ///
    /// # Errors
    /// 400 when it is missing, or as for [`Handshake::header`].
    pub fn required_header<T: Parameter>(&self, name: &str) -> Result<T, Reject> {
        self.header(name)?.ok_or_else(|| {
            Reject::bad_request(format!("header {name} is missing")).because("parameter")
        })
    }

    /// The headers' names and values, in the order they came; values that are no visible ASCII are left out.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The path of the request as it came, without the query.
    pub fn uri_path(&self) -> &str {
        &self.uri_path
    }

    /// The client's address; behind a trusted proxy what the proxy says, with port 0 where it does not say it.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Who is there, if the document asks for security.
    pub fn principal(&self) -> Option<&Principal> {
        self.admission.principal.as_deref()
    }

    /// Who is there, on a route that the document secures.
    ///
    /// # Errors
    /// 401 when nobody was authenticated, which the runtime does not let happen on such a route.
    pub fn authenticated(&self) -> Result<Principal, Reject> {
        self.principal()
            .cloned()
            .ok_or_else(|| Reject::unauthorized("nobody is authenticated"))
    }

    /// The subprotocol that was agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol
    }
}

impl fmt::Debug for Handshake {
    /// Without query and headers, where the secrets are.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handshake")
            .field("path", &self.uri_path)
            .field("peer", &self.peer)
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}

/// The name-value pairs of a query string (`application/x-www-form-urlencoded`).
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// `text` with its percent escapes resolved; `None` when that is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(Cow::into_owned)
}

fn values<'a>(pairs: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    pairs
        .iter()
        .filter(move |(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
