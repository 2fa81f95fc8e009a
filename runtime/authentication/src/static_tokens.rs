//! Tokens that the configuration names, each by its hash: for devices, services and first steps.

use std::fmt;
use std::hint::black_box;

use hmac_sha256::Hash;
use wsgen_config::StaticToken;

use crate::{Authenticate, Credential, Principal, Unauthorized};

/// Accepts the tokens of the configuration.
pub struct StaticTokens(pub Vec<StaticToken>);

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

impl fmt::Debug for StaticTokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StaticTokens")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_known_by_its_hash() {
        // printf %s abc | sha256sum
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tokens = StaticTokens(vec![
            format!("other:{}", "0".repeat(64)).parse().unwrap(),
            format!("de:vice:{hash}").parse().unwrap(),
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
}
