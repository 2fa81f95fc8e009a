//! Every server starts, and stops when it is told to.

use game::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn game_starts() {
    testing::starts(servers::game(Handlers::default())).await;
}
