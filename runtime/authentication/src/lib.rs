//! Who is there: credentials from the handshake, and the trait that judges them.
//!
//! Closed by default: when a document asks for security, a connection without a credential that [`Authenticate`]
//! accepts is refused with 401 before the upgrade. Beside the user's own judgement there are two ready-made ones, which
//! the configuration switches on: `static_tokens`, and `jwt` where the feature of that name is on.

mod credential;
#[cfg(feature = "jwt")]
mod jwt;
mod security;
mod static_tokens;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

pub use credential::{
    Credential, Location, Scheme, Shown, subprotocol_to_agree_on, subprotocol_to_close_with,
};
#[cfg(feature = "jwt")]
pub use jwt::Jwt;
pub use security::{Admission, For, Security};
pub use static_tokens::StaticTokens;

/// Judges credentials. Implemented by the user; beside it only the tokens and keys that the configuration names let
/// anybody in.
pub trait Authenticate: Send + Sync + 'static {
    /// Says who `credential` belongs to.
    ///
    /// Called before the upgrade, under the deadline `timeouts.authentication`. Compare secrets in constant time.
    fn authenticate(
        &self,
        credential: Credential,
    ) -> impl Future<Output = Result<Principal, Unauthorized>> + Send;

    /// Whether this is a stub that accepts nobody, so that the server says so when it starts.
    fn refuses_everyone(&self) -> bool {
        false
    }
}

/// What an application shares with its handlers may judge credentials behind an `Arc`.
impl<A: Authenticate> Authenticate for Arc<A> {
    fn authenticate(
        &self,
        credential: Credential,
    ) -> impl Future<Output = Result<Principal, Unauthorized>> + Send {
        A::authenticate(self, credential)
    }

    fn refuses_everyone(&self) -> bool {
        A::refuses_everyone(self)
    }
}

impl<A: Authenticate> Authenticate for &'static A {
    fn authenticate(
        &self,
        credential: Credential,
    ) -> impl Future<Output = Result<Principal, Unauthorized>> + Send {
        A::authenticate(self, credential)
    }

    fn refuses_everyone(&self) -> bool {
        A::refuses_everyone(self)
    }
}

/// Accepts nobody: for servers that let in only whom the configuration names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Authenticate for Nobody {
    async fn authenticate(&self, _: Credential) -> Result<Principal, Unauthorized> {
        Err(Unauthorized)
    }

    fn refuses_everyone(&self) -> bool {
        true
    }
}

/// Somebody whose credential was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// Who it is; not a secret, may be logged.
    pub id: String,
    /// When the credential ends, if it does: then the connection is closed with 1008.
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
