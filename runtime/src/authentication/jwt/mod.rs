//! JSON Web Tokens (RFC 7519), judged by a file of public keys (a JWK set, RFC 7517).

mod keys;
mod verifier;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{Authenticate, Credential, Principal, Unauthorized};
use crate::config;
use keys::{Keys, algorithms};

/// How often the file of keys is looked at for changes.
const FRESH: Duration = Duration::from_secs(10);

/// Accepts tokens that one of the keys has signed, as bearer token or API key.
pub(crate) struct Jwt {
    file: PathBuf,
    validation: Validation,
    keys: Mutex<Fresh>,
}

/// Keys, and when the file was last looked at.
struct Fresh {
    keys: Keys,
    text: String,
    read: Instant,
}

impl Jwt {
    /// Reads the keys.
    ///
    /// # Errors
    /// A file that cannot be read or holds no key.
    pub(crate) fn new(settings: &config::Jwt) -> Result<Self, String> {
        verifier::install();
        let mut validation = Validation {
            leeway: settings.leeway.as_secs(),
            validate_nbf: true,
            ..Validation::default()
        };
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        validation.set_audience(&settings.audience);
        validation.set_issuer(&[&settings.issuer]);
        let file = settings.keys.clone();
        let text = read(&file)?;
        let keys = Mutex::new(Fresh {
            keys: parse(&file, &text)?,
            text,
            read: Instant::now(),
        });
        Ok(Self {
            file,
            validation,
            keys,
        })
    }

    /// Who a token belongs to.
    fn judge(&self, token: &str) -> Option<Principal> {
        let header = decode_header(token).ok()?;
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        let candidates = self.fresh().keys.candidates(header.kid.as_deref());
        let claims: Map<String, Value> = candidates.iter().find_map(|(jwk, key)| {
            // What the token says about its algorithm counts only where the key is of that kind.
            let fits = algorithms(jwk).contains(&header.alg);
            let data = fits.then(|| decode(token, key, &validation).ok())?;
            Some(data?.claims)
        })?;
        let expires = Duration::from_secs(claims.get("exp")?.as_u64()?);
        let mut principal = Principal::new(claims.get("sub")?.as_str()?);
        let leeway = Duration::from_secs(validation.leeway);
        principal.expires = SystemTime::UNIX_EPOCH.checked_add(expires.checked_add(leeway)?);
        principal.claims = claims;
        Some(principal)
    }

    /// The keys, read again if they may have changed; those of a bad file are not taken.
    fn fresh(&self) -> MutexGuard<'_, Fresh> {
        let mut fresh = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.read.elapsed() >= FRESH {
            fresh.read = Instant::now();
            match read(&self.file) {
                Ok(text) if text != fresh.text => {
                    match parse(&self.file, &text) {
                        Ok(keys) => fresh.keys = keys,
                        Err(fault) => tracing::error!(%fault, "the old keys stay"),
                    }
                    fresh.text = text;
                }
                Ok(_) => {}
                Err(fault) => tracing::error!(%fault, "the old keys stay"),
            }
        }
        fresh
    }
}

impl Authenticate for Jwt {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match &credential {
            Credential::Bearer { token, .. } => self.judge(token).ok_or(Unauthorized),
            Credential::ApiKey { key, .. } => self.judge(key).ok_or(Unauthorized),
            _ => Err(Unauthorized),
        }
    }
}

fn read(file: &Path) -> Result<String, String> {
    let fault = |error| format!("cannot read {} (jwt.keys): {error}", file.display());
    std::fs::read_to_string(file).map_err(fault)
}

fn parse(file: &Path, text: &str) -> Result<Keys, String> {
    Keys::parse(text).map_err(|fault| format!("{} (jwt.keys): {fault}", file.display()))
}

#[cfg(test)]
mod tests;
