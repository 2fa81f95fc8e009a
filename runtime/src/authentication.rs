//! Who is there: credentials from the handshake, and the trait that judges them.
//!
//! Closed by default: when a document asks for security, a connection without a credential that [`Authenticate`]
//! accepts is refused with 401 before the upgrade.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE};

/// Judges credentials. Implemented by the user; nothing else lets anybody in.
pub trait Authenticate: Send + Sync + 'static {
    /// Says who `credential` belongs to.
    ///
    /// Called before the upgrade, under the deadline `timeouts.authentication`. Compare secrets in constant time.
    fn authenticate(
        &self,
        credential: Credential,
    ) -> impl Future<Output = Result<Principal, Unauthorized>> + Send;
}

/// What a client showed. `scheme` is the name of the security scheme in the document. Its `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// `Authorization: Bearer …` (RFC 6750), also for OAuth 2 and OpenID Connect.
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
}

impl Credential {
    /// The name of the security scheme in the document.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Bearer { scheme, .. }
            | Self::Basic { scheme, .. }
            | Self::ApiKey { scheme, .. } => scheme,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Bearer { .. } => "Bearer",
            Self::Basic { .. } => "Basic",
            Self::ApiKey { .. } => "ApiKey",
        };
        formatter
            .debug_struct(kind)
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

/// Somebody whose credential was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// Who it is; not a secret, may be logged.
    pub id: String,
    /// When the credential ends, if it does.
    pub expires: Option<SystemTime>,
    /// What else is known, for instance the claims of a JWT.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

impl Principal {
    /// A principal of whom only the identity is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            expires: None,
            claims: serde_json::Map::new(),
        }
    }
}

/// The credential is not accepted. Deliberately without details: the peer learns nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unauthorized;

impl fmt::Display for Unauthorized {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the credential is not accepted")
    }
}

impl std::error::Error for Unauthorized {}

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
    /// A client certificate. Nobody can show one before the server speaks TLS itself: always refused.
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

/// The document's demand and the one who judges: alternatives of schemes that are all needed.
#[derive(Clone)]
pub(crate) struct Security {
    judge: Arc<dyn Judge>,
    alternatives: &'static [&'static [Scheme]],
}

impl Security {
    pub(crate) fn new(
        judge: Arc<impl Authenticate>,
        alternatives: &'static [&'static [Scheme]],
    ) -> Self {
        Self {
            judge,
            alternatives,
        }
    }

    /// Who is there; `Ok(None)` when the document lets anonymous clients in.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Option<Principal>, Unauthorized> {
        for schemes in self.alternatives {
            let credentials: Option<Vec<_>> = schemes
                .iter()
                .map(|scheme| credential(*scheme, headers, query))
                .collect();
            let Some(credentials) = credentials else {
                continue;
            };
            if let Ok(principal) = self.judge_all(credentials).await {
                return Ok(principal);
            }
        }
        Err(Unauthorized)
    }

    /// The principal of the first credential, when all are accepted.
    async fn judge_all(
        &self,
        credentials: Vec<Credential>,
    ) -> Result<Option<Principal>, Unauthorized> {
        let mut first = None;
        for credential in credentials {
            let principal = self.judge.judge(credential).await?;
            first.get_or_insert(principal);
        }
        Ok(first)
    }

    /// The values of `WWW-Authenticate` (RFC 9110, section 11.6.1) for a 401.
    pub(crate) fn challenges(&self) -> Vec<&'static str> {
        let mut challenges = Vec::new();
        for scheme in self.alternatives.iter().copied().flatten() {
            let challenge = match scheme {
                Scheme::Bearer { .. } => "Bearer",
                Scheme::Basic { .. } | Scheme::UserPassword { .. } => {
                    "Basic realm=\"websocket\", charset=\"UTF-8\""
                }
                Scheme::ApiKey {
                    location: Location::User | Location::Password,
                    ..
                } => "Basic realm=\"websocket\"",
                Scheme::ApiKey { .. } => "ApiKey",
                Scheme::MutualTls { .. } => "Certificate",
            };
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        challenges
    }
}

/// [`Authenticate`] as an object.
trait Judge: Send + Sync {
    fn judge(
        &self,
        credential: Credential,
    ) -> Pin<Box<dyn Future<Output = Result<Principal, Unauthorized>> + Send + '_>>;
}

impl<A: Authenticate> Judge for A {
    fn judge(
        &self,
        credential: Credential,
    ) -> Pin<Box<dyn Future<Output = Result<Principal, Unauthorized>> + Send + '_>> {
        Box::pin(self.authenticate(credential))
    }
}

/// What the client shows for `scheme`, if anything.
fn credential(
    scheme: Scheme,
    headers: &HeaderMap,
    query: &[(String, String)],
) -> Option<Credential> {
    match scheme {
        Scheme::Bearer { name } => {
            let token = authorization(headers, "bearer")?.to_owned();
            Some(Credential::Bearer {
                scheme: name,
                token,
            })
        }
        Scheme::Basic { name } | Scheme::UserPassword { name } => {
            let (user, password) = basic(headers)?;
            Some(Credential::Basic {
                scheme: name,
                user,
                password,
            })
        }
        Scheme::ApiKey { name, location } => {
            let key = match location {
                Location::Query(parameter) => {
                    only(query.iter().filter(|(key, _)| key == parameter))?
                        .1
                        .clone()
                }
                Location::Header(header) => only(headers.get_all(header).iter())?
                    .to_str()
                    .ok()?
                    .to_owned(),
                Location::Cookie(cookie) => cookie_value(headers, cookie)?.into_owned(),
                Location::User => basic(headers)?.0,
                Location::Password => basic(headers)?.1,
            };
            (!key.is_empty()).then_some(Credential::ApiKey { scheme: name, key })
        }
        Scheme::MutualTls { .. } => None,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

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
        match credential(
            Scheme::ApiKey {
                name: "k",
                location,
            },
            headers,
            query,
        )? {
            Credential::ApiKey { key, .. } => Some(key),
            other => unreachable!("{other:?}"),
        }
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
}
