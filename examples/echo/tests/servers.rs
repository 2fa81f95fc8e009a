//! Every server starts, and stops when it is told to.

use echo::{Handlers, generated::servers};
use wsgen_runtime::testing;

#[tokio::test]
async fn local_starts() {
    testing::starts(servers::local(Handlers::default())).await;
}
