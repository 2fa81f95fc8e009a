//! Every server starts, and stops when it is told to.

use chat::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn production_starts() {
    testing::starts(servers::production(Handlers::default())).await;
}

#[tokio::test]
async fn development_starts() {
    testing::starts(servers::development(Handlers::default())).await;
}
