//! Tokens that the configuration names, each by its hash: for devices, services and first steps.

use std::hint::black_box;

use hmac_sha256::Hash;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{Authenticate, Credential, Principal, Unauthorized};

/// A token of the configuration: whose it is and its SHA-256, written `name:hash` with the hash in hexadecimal.
///
/// `printf %s TOKEN | sha256sum` makes the hash. Tokens are long and random: a hash does not protect a password that can
/// be guessed. For HTTP basic the hash is of `user:password`, for client certificates of the certificate (DER).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticToken {
    name: String,
    hash: [u8; 32],
}

/// Accepts the tokens of the configuration.
pub(crate) struct StaticTokens(pub(crate) Vec<StaticToken>);

impl Authenticate for StaticTokens {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        let hash = match &credential {
            Credential::Bearer { token, .. } => Hash::hash(token.as_bytes()),
            Credential::ApiKey { key, .. } => Hash::hash(key.as_bytes()),
            Credential::Basic { user, password, .. } => {
                Hash::hash(format!("{user}:{password}").as_bytes())
            }
            Credential::Certificate { certificate, .. } => Hash::hash(certificate),
        };
        // All of them, each to its end: how long it takes tells nothing.
        let mut found = None;
        for token in &self.0 {
            if is_same(&token.hash, &hash) {
                found = Some(Principal::new(&token.name));
            }
        }
        found.ok_or(Unauthorized)
    }
}

/// Compares in constant time.
fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let pairs = one.iter().zip(other);
    black_box(pairs.fold(0, |difference, (one, other)| difference | (one ^ other))) == 0
}

impl<'de> Deserialize<'de> for StaticToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Not the text itself: it may be the token, pasted here by mistake.
        parse(&text).ok_or_else(|| {
            D::Error::custom(
                "a token is written \"name:hash\", the hash its SHA-256 in 64 hexadecimal digits",
            )
        })
    }
}

impl Serialize for StaticToken {
    /// Without the hash.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:(hidden)", self.name))
    }
}

fn parse(text: &str) -> Option<StaticToken> {
    let (name, digits) = text.rsplit_once(':')?;
    let mut hash = [0; 32];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if name.is_empty() || pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    let name = name.to_owned();
    Some(StaticToken { name, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_known_by_its_hash() {
        // printf %s abc | sha256sum
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = StaticTokens(vec![
            parse(&format!("other:{}", "0".repeat(64))).unwrap(),
            parse(&format!("de:vice:{hash}")).unwrap(),
        ]);
        let authenticate = async |token: &str| {
            let token = token.to_owned();
            let scheme = "jwt";
            let credential = Credential::Bearer { scheme, token };
            tokens.authenticate(credential).await
        };
        assert_eq!(authenticate("abc").await, Ok(Principal::new("de:vice")));
        for wrong in ["abd", "", hash] {
            assert_eq!(authenticate(wrong).await, Err(Unauthorized), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for wrong in [
            "",
            "a",
            "a:",
            ":00",
            "a:00",
            &format!("a:{}", "g".repeat(64)),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse(&format!(":{}", "0".repeat(64))), None);
    }
}
