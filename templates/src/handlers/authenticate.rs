//! Who may connect.

use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use super::Handlers;

impl Authenticate for Handlers {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        tracing::warn!(
            ?credential,
            "refused: `authenticate` is not implemented yet"
        );
        Err(Unauthorized)
    }

    /// So that the server says at its start that nobody may connect: goes once `authenticate` is yours.
    fn refuses_everyone(&self) -> bool {
        true
    }
}
