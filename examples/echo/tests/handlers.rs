//! Your handlers, driven by clients in the same process: no sockets, no ports.

use ::echo::Handlers;
use ::echo::generated::{echo, servers};
use wsgen_runtime::testing::TestServer;

/// To begin with: `client.expect(…)` waits for an answer, `server.subscribe(…)` sees what is published.
#[tokio::test]
async fn a_client_talks_to_echo() {
    let server = TestServer::start(servers::local(Handlers::default()));
    let target = "/echo";
    let request = server.connect(echo::Route, target);
    let mut client = request.await.unwrap();
    let (code, reason) = client.close(1000, "that is all").await;
    assert_eq!(code, Some(1000), "{reason}");
}
