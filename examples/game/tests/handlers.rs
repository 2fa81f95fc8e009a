//! Your handlers, driven by clients in the same process: no sockets, no ports.

use game::Handlers;
use game::generated::{arena, servers};
use wsgen_runtime::testing::TestServer;

/// To begin with: `client.expect(…)` waits for an answer, `server.subscribe(…)` sees what is published.
#[tokio::test]
async fn a_client_talks_to_arena() {
    let server = TestServer::start(servers::game(Handlers::default()));
    let target = "/arenas/arena";
    let request = server.connect(arena::Route, target);
    let mut client = request.await.unwrap();
    let message = r#"{"type":"steer","direction":"left"}"#;
    client.send_frame(message).await;
    let (code, reason) = client.close(1000, "that is all").await;
    assert_eq!(code, Some(1000), "{reason}");
}
