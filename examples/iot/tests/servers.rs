//! Every server starts, and stops when it is told to.

use iot::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn devices_starts() {
    testing::starts(servers::devices(Handlers::default())).await;
}
