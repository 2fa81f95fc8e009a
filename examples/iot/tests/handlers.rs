//! Your handlers, driven by clients in the same process: no sockets, no ports.

use iot::Handlers;
use iot::generated::messages::{SetInterval, SetWindow};
use iot::generated::{device, servers};
use wsgen_runtime::Principal;
use wsgen_runtime::testing::TestServer;

#[tokio::test]
async fn a_greenhouse_that_is_warm_and_weak_is_told_what_to_do() {
    let server = TestServer::start(servers::devices(Handlers::default()));
    let request = server.connect(device::Route, "/ws/devices/greenhouse-7");
    let request = request.principal(Principal::new("greenhouse-7"));
    let mut client = request.await.unwrap();
    let telemetry = r#"{"type":"telemetry","celsius":30,"humidity":60,"battery":5}"#;
    client.send_frame(telemetry).await;
    client
        .expect(SetWindow {
            command_id: 1,
            open: true,
        })
        .await;
    client
        .expect(SetInterval {
            command_id: 2,
            seconds: 600,
        })
        .await;
    let (code, reason) = client.close(1000, "that is all").await;
    assert_eq!(code, Some(1000), "{reason}");
}

#[tokio::test]
async fn the_key_of_another_device_opens_nothing() {
    let server = TestServer::start(servers::devices(Handlers::with_keys("greenhouse-7.secret")));
    let request = server.connect(device::Route, "/ws/devices/greenhouse-8");
    let request = request.principal(Principal::new("greenhouse-7"));
    assert_eq!(request.await.unwrap_err().status, 403);
}
