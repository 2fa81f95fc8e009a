//! The keys of a JWK set, each good for the algorithms of its own kind alone.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// A key, and what the set says about it.
pub(super) type Key = (Jwk, DecodingKey);

/// The keys that sign.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a JWK set; keys of unknown kinds are left out.
    ///
    /// # Errors
    /// It is none, or no key is left.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let set: JwkSet =
            serde_json::from_str(text).map_err(|error| format!("is no JWK set: {error}"))?;
        let keys = set.keys.into_iter().filter_map(|jwk| {
            let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
            let is_known = signs && !algorithms(&jwk).is_empty();
            let key = is_known.then(|| DecodingKey::from_jwk(&jwk).ok())??;
            Some((jwk, key))
        });
        match keys.collect::<Vec<_>>() {
            keys if keys.is_empty() => Err("has no key that signs".to_owned()),
            keys => Ok(Self(keys)),
        }
    }

    /// The key of this name; all of them for a token that names none.
    pub(super) fn candidates(&self, name: Option<&str>) -> Vec<Key> {
        let keys = self
            .0
            .iter()
            .filter(|(jwk, _)| name.is_none_or(|name| jwk.common.key_id.as_deref() == Some(name)));
        keys.cloned().collect()
    }
}

/// The algorithms that a key is for: what it says itself, within its kind.
pub(super) fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{
        ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
    };
    let of_kind: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => &[EdDSA],
            _ => &[],
        },
        AlgorithmParameters::OctetKey(_) => &[HS256, HS384, HS512],
        _ => &[],
    };
    let own = jwk
        .common
        .key_algorithm
        .map(|own| own.to_string().parse().ok());
    let fits = |algorithm: &Algorithm| own.is_none_or(|own| own == Some(*algorithm));
    of_kind.iter().copied().filter(fits).collect()
}
