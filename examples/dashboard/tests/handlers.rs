//! Your handlers, driven by clients in the same process: no sockets, no ports.

use dashboard::Handlers;
use dashboard::generated::{metrics, servers};
use wsgen_runtime::testing::TestServer;

/// To begin with: `client.expect(…)` waits for an answer, `server.subscribe(…)` sees what is published.
#[tokio::test]
async fn a_client_talks_to_metrics() {
    let server = TestServer::start(servers::dashboard(Handlers::default()));
    let target = "/live/metrics";
    let request = server.connect(metrics::Route, target);
    let mut client = request.await.unwrap();
    let message = r#"{"type":"subscribe","metric":"visitors"}"#;
    client.send_frame(message).await;
    let (code, reason) = client.close(1000, "that is all").await;
    assert_eq!(code, Some(1000), "{reason}");
}
