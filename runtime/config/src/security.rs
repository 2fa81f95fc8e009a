//! Settings of who may connect, and how it is known who that is.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Network, StaticToken, units};

/// `[tls]`, where the program is built with the feature `tls`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Tls {
    /// The file of the certificate and those between it and the authority, PEM. Default `""`: no TLS.
    pub certificate: PathBuf,
    /// The file of its private key, PEM.
    pub key: PathBuf,
    /// The file of the authorities whose client certificates count, PEM, for the scheme `X509`. Default `""`: none.
    pub client_ca: PathBuf,
    /// How often the files are read again to see whether they have changed; `0s` is only on SIGHUP. Default 10 s.
    #[serde(with = "units::duration")]
    pub reload: Duration,
    /// For development: a certificate of our own, new at each start (feature `dev-tls`). Default false.
    pub self_signed: bool,
    /// A proxy in front of this server ends TLS, and the network between is safe: a server whose document says `wss` may
    /// listen in the clear on more than loopback. Default false.
    pub terminated_by_proxy: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            client_ca: PathBuf::new(),
            reload: Duration::from_secs(10),
            self_signed: false,
            terminated_by_proxy: false,
        }
    }
}

/// `[proxy]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Proxy {
    /// The networks of the proxies whose word counts: `["10.0.0.0/8"]`. Default none.
    pub trusted: Vec<Network>,
    /// How they tell the client's address. Default `none`.
    pub address: ClientAddress,
}

/// How trusted proxies tell the client's address. From anybody else it is not believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAddress {
    /// Not at all: the address of the connection counts.
    #[default]
    None,
    /// By the header `X-Forwarded-For`.
    XForwardedFor,
    /// By the header `Forwarded` (RFC 7239).
    Forwarded,
    /// By the PROXY protocol, version 1 or 2, with which each of their connections must begin.
    ProxyProtocol,
}

/// `[authentication]`, for servers whose document asks for security.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Authentication {
    /// Tokens that are accepted, each as `"name:hash"` with the SHA-256 of the token in hexadecimal. Default none.
    pub tokens: Vec<StaticToken>,
    /// The document's schemes for which they count. Default `[]`: all but those of bearer tokens, in whose place a key is not
    /// expected.
    pub schemes: Vec<String>,
    /// Clients that show no credential may show a bearer token or a header's API key in their first message: the name that it
    /// has there, in an object of JSON. Default `""`: they may not.
    pub first_message: String,
}

/// `[jwt]`: JSON Web Tokens, where the program is built with the feature `jwt`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Jwt {
    /// The file of the keys, a JWK set; read again when it changes. Default `""`: none.
    pub keys: PathBuf,
    /// In its place, the address of a JWK set, by HTTPS (feature `jwt-issuer`). Default `""`: none.
    pub keys_url: String,
    /// In the place of both, ask the issuer for that address (OpenID Connect Discovery, section 4). Default false.
    pub discover: bool,
    /// How old keys from an address may get; they are fetched sooner when a token names a key that is not among them.
    /// Default 10 min.
    #[serde(with = "units::duration")]
    pub refresh: Duration,
    /// Who must have issued a token: its claim `iss`.
    pub issuer: String,
    /// Whom a token must be for: one of these is among its claim `aud`.
    pub audience: Vec<String>,
    /// How far clocks may differ, in whole seconds. Default 30 s.
    #[serde(with = "units::duration")]
    pub leeway: Duration,
    /// The document's schemes for which tokens count, API keys among them. Default `[]`: those of bearer tokens.
    pub schemes: Vec<String>,
}

impl Jwt {
    /// Whether tokens are accepted at all.
    pub fn is_wanted(&self) -> bool {
        !self.keys.as_os_str().is_empty() || self.has_remote_keys()
    }

    /// Whether the keys come from an address.
    pub fn has_remote_keys(&self) -> bool {
        self.discover || !self.keys_url.is_empty()
    }
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            keys: PathBuf::new(),
            keys_url: String::new(),
            discover: false,
            refresh: Duration::from_secs(600),
            issuer: String::new(),
            audience: Vec::new(),
            leeway: Duration::from_secs(30),
            schemes: Vec::new(),
        }
    }
}
