//! JSON Web Tokens (RFC 7519), judged by public keys (a JWK set, RFC 7517) from a file or from who issues the tokens.

mod file;
#[cfg(feature = "jwt-issuer")]
mod issuer;
mod keys;
mod verifier;

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Validation, decode, decode_header};
use keys::{Key, algorithms};
use serde_json::{Map, Value};
use wsgen_config as config;

use super::{Authenticate, Credential, Principal, Unauthorized};

/// Accepts tokens that one of the keys has signed, as bearer token or, for schemes that the settings name, as API key.
pub struct Jwt {
    source: Source,
    validation: Validation,
}

/// Where the keys are from.
enum Source {
    File(file::Keys),
    #[cfg(feature = "jwt-issuer")]
    Issuer(issuer::Keys),
}

impl Jwt {
    /// Reads the keys, or begins to fetch them.
    ///
    /// # Errors
    /// A file that cannot be read or holds no key, an address that cannot be one of keys.
    pub fn new(settings: &config::Jwt) -> Result<Self, String> {
        verifier::install();
        let source =
            match settings.has_remote_keys() {
                false => Source::File(file::Keys::read(&settings.keys)?),
                #[cfg(feature = "jwt-issuer")]
                true => Source::Issuer(issuer::Keys::fetch(settings)?),
                #[cfg(not(feature = "jwt-issuer"))]
                true => return Err(
                    "jwt.keys_url and jwt.discover need the feature `jwt-issuer` of wsgen-runtime"
                        .to_owned(),
                ),
            };
        Ok(Self {
            source,
            validation: validation(settings),
        })
    }

    /// Who a token belongs to.
    async fn judge(&self, token: &str) -> Option<Principal> {
        let header = decode_header(token).ok()?;
        if must_understand_more(token)? {
            return None;
        }
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        let candidates = self.candidates(header.kid.as_deref()).await;
        let claims: Map<String, Value> = candidates.iter().find_map(|(jwk, key)| {
            // What the token says about its algorithm counts only where the key is of that kind.
            let fits = algorithms(jwk).contains(&header.alg);
            let data = fits.then(|| decode(token, key, &validation).ok())?;
            Some(data?.claims)
        })?;
        // A list of issuers passes the check of a single one.
        claims.get("iss")?.as_str()?;
        let expires = Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()?;
        let leeway = Duration::from_secs(validation.leeway);
        let mut principal = Principal::new(subject(&claims)?);
        let expires = SystemTime::UNIX_EPOCH.checked_add(expires.checked_add(leeway)?);
        principal.expires = Some(expires?);
        principal.claims = claims;
        Some(principal)
    }

    /// The key of this name; all keys for a token that names none.
    async fn candidates(&self, name: Option<&str>) -> Vec<Key> {
        match &self.source {
            Source::File(keys) => keys.candidates(name),
            #[cfg(feature = "jwt-issuer")]
            Source::Issuer(keys) => keys.candidates(name).await,
        }
    }
}

/// Whether the token's header names extensions that must be understood (RFC 7515, section 4.1.11), of which none is here.
fn must_understand_more(token: &str) -> Option<bool> {
    let header = BASE64.decode(token.split('.').next()?).ok()?;
    let header: Map<String, Value> = serde_json::from_slice(&header).ok()?;
    Some(header.contains_key("crit"))
}

/// Whom a token is about, in a text that stands for itself in logs and as a name of somebody.
fn subject(claims: &Map<String, Value>) -> Option<&str> {
    let subject = claims.get("sub")?.as_str()?;
    let is_name = !subject.is_empty() && !subject.chars().any(char::is_control);
    is_name.then_some(subject)
}

/// What a token must say of itself.
fn validation(settings: &config::Jwt) -> Validation {
    let mut validation = Validation {
        leeway: settings.leeway.as_secs(),
        validate_nbf: true,
        ..Validation::default()
    };
    validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
    validation.set_audience(&settings.audience);
    validation.set_issuer(&[&settings.issuer]);
    validation
}

impl Authenticate for Jwt {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match &credential {
            Credential::Bearer { token, .. } => self.judge(token).await.ok_or(Unauthorized),
            Credential::ApiKey { key, .. } => self.judge(key).await.ok_or(Unauthorized),
            _ => Err(Unauthorized),
        }
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwt").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
