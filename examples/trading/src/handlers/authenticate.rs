//! Who may connect.

use subtle::ConstantTimeEq;
use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use super::Handlers;

impl Authenticate for Handlers {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        let Credential::ApiKey { key, .. } = credential else {
            return Err(Unauthorized);
        };
        let (trader, secret) = key.split_once('.').ok_or(Unauthorized)?;
        let expected = self.secrets.get(trader).ok_or(Unauthorized)?;
        // How long it takes must not tell how much of a guess was right.
        match secret.as_bytes().ct_eq(expected.as_bytes()).into() {
            true => Ok(Principal::new(trader)),
            false => Err(Unauthorized),
        }
    }
}
