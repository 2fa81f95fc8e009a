//! What clients show: the schemes of a document, and where each has its credential.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue, SEC_WEBSOCKET_PROTOCOL};

/// What a client showed. `scheme` is the name of the security scheme in the document. Its `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// `Authorization: Bearer …` (RFC 6750), also for OAuth 2 and OpenID Connect. Browsers, which cannot set headers,
    /// offer the subprotocols `bearer` and the token, or `bearer.…`, instead.
    Bearer {
        /// The scheme's name.
        scheme: &'static str,
        /// The token as it came.
        token: String,
    },
    /// `Authorization: Basic …` (RFC 7617), also for the scheme `userPassword`.
    Basic {
        /// The scheme's name.
        scheme: &'static str,
        /// The user's name.
        user: String,
        /// The password.
        password: String,
    },
    /// A key in a query parameter, a header or a cookie.
    ApiKey {
        /// The scheme's name.
        scheme: &'static str,
        /// The key as it came.
        key: String,
    },
    /// A client certificate that one of the authorities in `tls.client_ca` has signed.
    Certificate {
        /// The scheme's name.
        scheme: &'static str,
        /// The client's own certificate, DER.
        certificate: Bytes,
    },
}

impl Credential {
    /// The name of the security scheme in the document.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Bearer { scheme, .. }
            | Self::Basic { scheme, .. }
            | Self::ApiKey { scheme, .. }
            | Self::Certificate { scheme, .. } => scheme,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Bearer { .. } => "Bearer",
            Self::Basic { .. } => "Basic",
            Self::ApiKey { .. } => "ApiKey",
            Self::Certificate { .. } => "Certificate",
        };
        formatter
            .debug_struct(kind)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

/// A security scheme of the document; `name` is its key there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP bearer, OAuth 2, OpenID Connect.
    Bearer {
        /// The scheme's name.
        name: &'static str,
    },
    /// HTTP basic.
    Basic {
        /// The scheme's name.
        name: &'static str,
    },
    /// User and password, sent as HTTP basic.
    UserPassword {
        /// The scheme's name.
        name: &'static str,
    },
    /// A key at a place.
    ApiKey {
        /// The scheme's name.
        name: &'static str,
        /// Where the key is.
        location: Location,
    },
    /// A client certificate, which nobody can show unless the server speaks TLS itself.
    MutualTls {
        /// The scheme's name.
        name: &'static str,
    },
}

/// Where an API key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The query parameter of this name.
    Query(&'static str),
    /// The header of this name.
    Header(&'static str),
    /// The cookie of this name.
    Cookie(&'static str),
    /// The user field of HTTP basic.
    User,
    /// The password field of HTTP basic.
    Password,
}

impl Scheme {
    /// The name of the scheme in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bearer { name }
            | Self::Basic { name }
            | Self::UserPassword { name }
            | Self::ApiKey { name, .. }
            | Self::MutualTls { name } => name,
        }
    }
}

impl Scheme {
    /// Whether it is shown as a bearer token.
    pub const fn is_bearer(self) -> bool {
        matches!(self, Self::Bearer { .. })
    }

    /// Whether a client that cannot set headers shows it as a token elsewhere.
    pub const fn takes_token(self) -> bool {
        matches!(
            self,
            Self::Bearer { .. }
                | Self::ApiKey {
                    location: Location::Header(_),
                    ..
                }
        )
    }
}

/// Where credentials are looked for.
pub struct Shown<'a> {
    /// The headers of its request.
    pub headers: &'a HeaderMap,
    /// The subprotocols that the route speaks: none of them is a token.
    pub subprotocols: &'static [&'static str],
    /// The name-value pairs of its query.
    pub query: &'a [(String, String)],
    /// The client's verified certificate.
    pub certificate: Option<&'a Bytes>,
    /// The token of the first message.
    pub token: Option<&'a str>,
}

/// What the client shows for `scheme`, if anything.
pub(crate) fn credential(scheme: Scheme, shown: &Shown<'_>) -> Option<Credential> {
    let headers = shown.headers;
    Some(match scheme {
        Scheme::Bearer { name } => {
            let token = authorization(headers, "bearer");
            let token = token.or_else(|| token_elsewhere(shown));
            let (scheme, token) = (name, token?.to_owned());
            Credential::Bearer { scheme, token }
        }
        Scheme::Basic { name } | Scheme::UserPassword { name } => {
            let (scheme, (user, password)) = (name, basic(headers)?);
            Credential::Basic {
                scheme,
                user,
                password,
            }
        }
        Scheme::ApiKey { name, location } => {
            let (scheme, key) = (name, key(location, shown)?);
            Credential::ApiKey { scheme, key }
        }
        Scheme::MutualTls { name } => {
            let (scheme, certificate) = (name, shown.certificate?.clone());
            Credential::Certificate {
                scheme,
                certificate,
            }
        }
    })
}

/// The key at its place, unless it is empty.
fn key(location: Location, shown: &Shown<'_>) -> Option<String> {
    let headers = shown.headers;
    let key = match location {
        Location::Query(name) => {
            let values = shown.query.iter().filter(|(key, _)| key == name);
            only(values)?.1.clone()
        }
        Location::Header(name) => {
            let mut values = headers.get_all(name).iter();
            match values.next() {
                Some(value) if values.next().is_none() => value.to_str().ok()?.to_owned(),
                Some(_) => return None,
                // A browser cannot set this header.
                None => token_elsewhere(shown)?.to_owned(),
            }
        }
        Location::Cookie(name) => cookie_value(headers, name)?.into_owned(),
        Location::User => basic(headers)?.0,
        Location::Password => basic(headers)?.1,
    };
    (!key.is_empty()).then_some(key)
}

/// What a subprotocol begins with that is none, but the token of a browser.
const TOKEN_PREFIX: &str = "bearer.";

/// The subprotocol that stands for "none, but here is my token": a browser insists that one is agreed on.
const TOKEN_ALONE: &str = "bearer";

/// The token of a client that cannot set headers.
fn token_elsewhere<'a>(shown: &Shown<'a>) -> Option<&'a str> {
    subprotocol_token(shown.headers, shown.subprotocols)
        .or(shown.token)
        .filter(|token| !token.is_empty())
}

/// The token among the subprotocols that the client offers: `bearer.TOKEN`, or what follows `bearer` and is none that the
/// route speaks.
fn subprotocol_token<'a>(headers: &'a HeaderMap, spoken: &[&str]) -> Option<&'a str> {
    let mut tokens = offered(headers).filter_map(|offer| offer.strip_prefix(TOKEN_PREFIX));
    if let Some(token) = tokens.next() {
        return (tokens.next().is_none() && !token.is_empty()).then_some(token);
    }
    let followed = offered(headers).zip(offered(headers).skip(1));
    let tokens = followed.filter(|(offer, next)| *offer == TOKEN_ALONE && !spoken.contains(next));
    only(tokens.map(|(_, token)| token)).filter(|token| !token.is_empty())
}

/// The first subprotocol of the client's list that the route speaks, else the one that goes with a token; none is an
/// answer too (RFC 6455, section 4.2.2). A token is never repeated in the answer.
pub fn subprotocol_to_agree_on(
    headers: &HeaderMap,
    spoken: &'static [&'static str],
) -> Option<&'static str> {
    offered(headers)
        .find_map(|offer| spoken.iter().copied().find(|spoken| *spoken == offer))
        .or_else(|| {
            let is_offered = offered(headers).any(|offer| offer == TOKEN_ALONE);
            is_offered.then_some(TOKEN_ALONE)
        })
}

/// The subprotocol for an upgrade that is closed at once: a browser that offers some takes no answer without one of them. A
/// token is never repeated in the answer.
pub fn subprotocol_to_close_with(
    headers: &HeaderMap,
    spoken: &'static [&'static str],
) -> Option<HeaderValue> {
    if let Some(agreed) = subprotocol_to_agree_on(headers, spoken) {
        return Some(HeaderValue::from_static(agreed));
    }
    // Behind `bearer` there would be a token, and that one is agreed on.
    let mut harmless = offered(headers).filter(|offer| !offer.starts_with(TOKEN_PREFIX));
    HeaderValue::from_str(harmless.find(|offer| !offer.is_empty())?).ok()
}

/// The members of the client's list of subprotocols.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// The one item; `None` for none and for several, since two keys are an attempt to confuse somebody.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next()?;
    items.next().is_none().then_some(first)
}

/// What follows the scheme in the one `Authorization` header.
fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let value = only(headers.get_all(AUTHORIZATION).iter())?.to_str().ok()?;
    let (found, credential) = value.split_once(' ')?;
    let credential = credential.trim();
    (found.eq_ignore_ascii_case(scheme) && !credential.is_empty()).then_some(credential)
}

/// User and password (RFC 7617).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let decoded = BASE64.decode(authorization(headers, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The value of one cookie (RFC 6265, section 4.2).
fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let value = only(
        cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(key, _)| *key == name),
    )?
    .1;
    Some(Cow::Borrowed(value.trim_matches('"')))
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shown").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::header::HeaderName;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        headers
    }

    fn key(location: Location, headers: &HeaderMap, query: &[(String, String)]) -> Option<String> {
        let shown = Shown {
            headers,
            subprotocols: &[],
            query,
            certificate: None,
            token: None,
        };
        super::key(location, &shown)
    }

    #[test]
    fn keys_are_found_at_their_places() {
        let headers = headers(&[
            ("x-key", "h"),
            ("cookie", "a=b; session=c"),
            ("authorization", "Basic dXNlcjpwYTpzcw=="),
        ]);
        let query = [("token".to_owned(), "q".to_owned())];
        assert_eq!(
            key(Location::Header("X-Key"), &headers, &query).as_deref(),
            Some("h")
        );
        assert_eq!(
            key(Location::Cookie("session"), &headers, &query).as_deref(),
            Some("c")
        );
        assert_eq!(
            key(Location::Query("token"), &headers, &query).as_deref(),
            Some("q")
        );
        assert_eq!(
            key(Location::User, &headers, &query).as_deref(),
            Some("user")
        );
        assert_eq!(
            key(Location::Password, &headers, &query).as_deref(),
            Some("pa:ss")
        );
        assert_eq!(key(Location::Query("other"), &headers, &query), None);
    }

    #[test]
    fn two_keys_are_none() {
        let query = [
            ("token".to_owned(), "a".to_owned()),
            ("token".to_owned(), "b".to_owned()),
        ];
        assert_eq!(
            key(Location::Query("token"), &HeaderMap::new(), &query),
            None
        );
        let headers = headers(&[("x-key", "a"), ("x-key", "b")]);
        assert_eq!(key(Location::Header("x-key"), &headers, &[]), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        let credential = Credential::Bearer {
            scheme: "jwt",
            token: "canary".to_owned(),
        };
        let text = format!("{credential:?}");
        assert!(text.contains("jwt") && !text.contains("canary"), "{text}");
    }

    #[test]
    fn a_browsers_token_is_a_subprotocol() {
        let token = |offers: &str| {
            let headers = headers(&[("sec-websocket-protocol", offers)]);
            subprotocol_token(&headers, &["chat"]).map(str::to_owned)
        };
        assert_eq!(token("chat, bearer.a-b_c.d"), Some("a-b_c.d".to_owned()));
        assert_eq!(token("chat, bearer, a-b_c.d"), Some("a-b_c.d".to_owned()));
        assert_eq!(token("bearer, a, bearer.b"), Some("b".to_owned()));
        assert_eq!(token("bearer, chat"), None);
        assert_eq!(token("bearer"), None);
        assert_eq!(token("bearer, a, bearer, b"), None);
        assert_eq!(token("bearer."), None);
        assert_eq!(token("bearer.a, bearer.b"), None);
    }

    #[test]
    fn a_token_is_never_agreed_on() {
        let agreed = |offers: &str, spoken| {
            let headers = headers(&[("sec-websocket-protocol", offers)]);
            subprotocol_to_agree_on(&headers, spoken)
        };
        assert_eq!(agreed("x, b, a", &["a", "b"]), Some("b"));
        assert_eq!(agreed("c", &["a", "b"]), None);
        assert_eq!(agreed("bearer.secret", &["a"]), None);
        assert_eq!(agreed("bearer, bearer.secret", &[]), Some("bearer"));
        assert_eq!(agreed("bearer, bearer.secret, a", &["a"]), Some("a"));
    }
}
