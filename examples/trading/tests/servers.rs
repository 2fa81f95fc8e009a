//! Every server starts, and stops when it is told to.

use trading::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn live_starts() {
    testing::starts(servers::live(Handlers::default())).await;
}

#[tokio::test]
async fn sandbox_starts() {
    testing::starts(servers::sandbox(Handlers::default())).await;
}
