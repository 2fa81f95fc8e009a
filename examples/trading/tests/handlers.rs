//! Your handlers, driven by clients in the same process: no sockets, no ports.

use trading::Handlers;
use trading::generated::{exchange, servers};
use wsgen_runtime::Principal;
use wsgen_runtime::testing::TestServer;

/// To begin with: `client.expect(…)` waits for an answer, `server.subscribe(…)` sees what is published.
#[tokio::test]
async fn a_client_talks_to_exchange() {
    let server = TestServer::start(servers::live(Handlers::default()));
    let target = "/ws/exchange";
    let request = server.connect(exchange::Route, target);
    let request = request.principal(Principal::new("ada"));
    let mut client = request.await.unwrap();
    let message = r#"{"type":"placeOrder","requestId":"r1","symbol":"ACME","side":"buy","price":1250,"quantity":10}"#;
    client.send_frame(message).await;
    let (code, reason) = client.close(1000, "that is all").await;
    assert_eq!(code, Some(1000), "{reason}");
}
