//! Settings of who may connect, and how it is known who that is.

use serde::{Deserialize, Serialize};

use super::{Network, StaticToken};

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
}
