//! What clients must present, from the security requirements of a document.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{RequiredScheme, Requirement, SecurityScheme, ServerId};
use crate::model::{Issuer, RouteId, Scheme, SchemeKind, VariantId};
use crate::table::Table;

use super::addresses::Address;
use super::context::Context;
use super::messages::Messages;
use super::names::Names;

/// What clients must present.
pub(super) struct Security {
    /// To connect to a server.
    pub(super) servers: HashMap<ServerId, Alternatives>,
    /// To call the method of an inbound message.
    pub(super) methods: Table<RouteId, HashMap<VariantId, Alternatives>>,
}

/// Alternatives, each a list of schemes that must all be satisfied.
pub(super) type Alternatives = Vec<Vec<Scheme>>;

/// Lowers the requirements of all methods and servers.
pub(super) fn require(
    cx: &mut Context<'_, '_>,
    addresses: &[Address],
    names: &Table<RouteId, Names>,
    messages: &Table<RouteId, Messages<'_, '_>>,
) -> Security {
    let methods = names.map(|route, names| {
        let methods = names.channels.iter().flat_map(|channel| &channel.methods);
        let required = methods.filter_map(|&(id, _)| {
            let operation = messages[route].inbound[id].found.operation()?;
            Some((id, alternatives(&operation.security, cx.diagnostics)))
        });
        required.collect()
    });
    let servers = addresses.iter().map(|address| {
        let server = &cx.document.servers[address.server];
        let required = alternatives(&server.security, cx.diagnostics);
        (address.server, required)
    });
    Security {
        servers: servers.collect(),
        methods,
    }
}

fn alternatives(requirements: &[Requirement<'_>], diagnostics: &mut Diagnostics) -> Alternatives {
    let alternatives = requirements.iter().map(|requirement| {
        let schemes = requirement.schemes.iter();
        schemes
            .map(|required| scheme(required, diagnostics))
            .collect()
    });
    alternatives.collect()
}

fn scheme(required: &RequiredScheme<'_>, diagnostics: &mut Diagnostics) -> Scheme {
    let kind = match &required.scheme {
        Some(declared) => declared_kind(required, declared, diagnostics),
        None => inferred_scheme(required.name).0,
    };
    Scheme {
        name: required.name.to_owned(),
        kind,
        issuer: required.scheme.as_ref().and_then(issuer),
    }
}

/// OpenID Connect's URL is that of the description, which is at a place below the issuer's own (Discovery, section 4).
fn issuer(declared: &SecurityScheme<'_>) -> Option<Issuer> {
    let url = declared.url?;
    Some(
        match url.strip_suffix("/.well-known/openid-configuration") {
            Some(issuer) => Issuer::Described(issuer.to_owned()),
            None => Issuer::Tokens(url.to_owned()),
        },
    )
}

fn declared_kind(
    required: &RequiredScheme<'_>,
    declared: &SecurityScheme<'_>,
    diagnostics: &mut Diagnostics,
) -> SchemeKind {
    let parameter = || declared.parameter.unwrap_or("api_key").to_owned();
    match (
        declared.kind.unwrap_or_default(),
        declared
            .http_scheme
            .unwrap_or_default()
            .to_ascii_lowercase()
            .as_str(),
        declared.location,
    ) {
        ("http", "basic", _) | ("userPassword", ..) => SchemeKind::Basic,
        ("http" | "oauth2" | "openIdConnect", ..) => SchemeKind::Bearer,
        ("httpApiKey" | "apiKey", _, Some("query")) => SchemeKind::QueryKey(parameter()),
        ("httpApiKey" | "apiKey", _, Some("cookie")) => SchemeKind::CookieKey(parameter()),
        ("httpApiKey" | "apiKey", _, Some("header")) => SchemeKind::HeaderKey(parameter()),
        // `in: user` and `in: password` are the user and the password of a connection: of HTTP's basic scheme here.
        ("apiKey", ..) => SchemeKind::Basic,
        ("httpApiKey", ..) => SchemeKind::HeaderKey("X-API-Key".to_owned()),
        ("X509", ..) => SchemeKind::MutualTls,
        (other, ..) => {
            diagnostics
                .warning(Code::UnsupportedScheme, declared.node.location(), format!("a WebSocket handshake has no place for the scheme `{other}` of `{}`", required.name))
                .help("a bearer token is asked for instead; declare a scheme of type `http`, `httpApiKey`, `userPassword`, `oauth2`, `openIdConnect` or `X509`");
            SchemeKind::Bearer
        }
    }
}

/// A scheme that no one declares is guessed by its name, also in words: the server stays closed either way.
///
/// That it is not declared is for the rules to report.
pub(crate) fn inferred_scheme(name: &str) -> (SchemeKind, &'static str) {
    let name = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if says(&["bearer", "jwt", "oauth", "oidc", "openid"]) {
        (SchemeKind::Bearer, "a token in `Authorization: Bearer`")
    } else if says(&["key"]) {
        (
            SchemeKind::HeaderKey("X-API-Key".to_owned()),
            "a key in the header `X-API-Key`",
        )
    } else if says(&["basic", "password"]) {
        (
            SchemeKind::Basic,
            "a user and a password in `Authorization: Basic`",
        )
    } else if says(&["mtls", "mutual", "x509", "cert"]) {
        (SchemeKind::MutualTls, "a client certificate")
    } else {
        (SchemeKind::Bearer, "a token in `Authorization: Bearer`")
    }
}
