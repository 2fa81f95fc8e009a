//! Every server starts, and stops when it is told to.

use dashboard::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn dashboard_starts() {
    testing::starts(servers::dashboard(Handlers::default())).await;
}
