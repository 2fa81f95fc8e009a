//! The generated API inside an axum application.

use std::net::SocketAddr;

use axum_service::generated::servers;
use axum_service::{Notices, application};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wsgen_runtime::config::RefusalForm;
use wsgen_runtime::{Config, Mounted};

use crate::support::client::{Client, request, upgrade};
use crate::support::running::done;
use crate::support::within;

const PATH: &str = "/ws/notices";

/// The example on a free port.
struct Application {
    address: SocketAddr,
    api: Mounted,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Application {
    async fn start(set: impl FnOnce(&mut Config)) -> Self {
        let notices = Notices::default();
        let mut config = Config::default();
        config.drain.grace = std::time::Duration::ZERO;
        set(&mut config);
        let server = servers::application(notices.clone());
        let api = server.mount(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service =
            application(notices, api.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(listener, service).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let done = tokio::spawn(async { serve.await.unwrap() });
        Self {
            address,
            api,
            stop,
            done,
        }
    }

    async fn post(&self, text: &str) -> String {
        let length = text.len();
        let head = "POST /api/notices HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
        request(
            self.address,
            &format!("{head}Content-Length: {length}\r\n\r\n{text}"),
        )
        .await
    }

    async fn get(&self, path: &str) -> String {
        let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        request(self.address, &head).await
    }

    /// The answer to an upgrade that is refused.
    async fn refusal(&self, headers: &str) -> String {
        // One header of two: the application would keep the connection otherwise.
        let text =
            upgrade(PATH, headers).replace("Connection: Upgrade", "Connection: Upgrade, close");
        request(self.address, &text).await
    }
}

#[tokio::test]
async fn own_routes_and_the_api_share_a_listener() {
    let application = Application::start(|_| ()).await;
    let page = application.get("/").await;
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.ends_with("Notices\n"),
        "{page}"
    );

    let mut ada = Client::connect(application.address, PATH).await;
    // Whoever has an answer is known to the server.
    ada.send(&json!({"type": "read", "number": 1})).await;
    assert_eq!(ada.closed().await, 4000);

    let mut ada = Client::connect(application.address, PATH).await;
    let mut grace = Client::connect(application.address, PATH).await;
    joined(&application, 2).await;
    let answer = application.post("Lunch is ready").await;
    assert!(answer.ends_with("\r\n\r\n1\n"), "{answer}");
    let notice = json!({"type": "notice", "number": 1, "text": "Lunch is ready"});
    assert_eq!(ada.receive().await, notice);
    assert_eq!(grace.receive().await, notice);
}

#[tokio::test]
async fn drained_clients_are_told_to_come_again_and_own_routes_go_on() {
    let application = Application::start(|_| ()).await;
    let mut ada = Client::connect(application.address, PATH).await;
    joined(&application, 1).await;
    assert!(application.api.is_ready());
    let (_, code) = within(async { tokio::join!(application.api.drain(), ada.closed()) }).await;
    assert_eq!(code, 1012);
    assert!(!application.api.is_ready());
    let answer = application.refusal("").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 5\r\n"),
        "{answer}"
    );
    let page = application.get("/").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let metrics = application.get("/metrics").await;
    assert!(
        metrics.contains("wsgen_handshakes_rejected_total{reason=\"draining\"} 1\n"),
        "{metrics}"
    );
    application.stop.send(()).unwrap();
    done(application.done).await;
}

#[tokio::test]
async fn the_limits_of_the_runtime_hold_in_the_application() {
    let application = Application::start(|config| {
        config.limits.message_size = 100;
        config.limits.connections_per_address = 1;
    })
    .await;
    let mut ada = Client::connect(application.address, PATH).await;
    let answer = application.refusal("").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    ada.send(&json!({"type": "read", "number": 1, "more": "x".repeat(100)}))
        .await;
    assert_eq!(ada.closed().await, 1009);
    drop(ada);
    let foreign = "Origin: https://evil.example\r\n";
    // The place of the first is free as soon as the server has noticed its end.
    let answer = within(async {
        loop {
            let answer = application.refusal(foreign).await;
            if !answer.starts_with("HTTP/1.1 503 ") {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_page_is_refused_by_a_close_frame_where_the_settings_say_so() {
    let application =
        Application::start(|config| config.handshake.refusal = RefusalForm::Close).await;
    let request = upgrade(PATH, "Origin: https://evil.example\r\n");
    let answer = within(async {
        let mut socket = TcpStream::connect(application.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.unwrap();
        answer
    })
    .await;
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    let end = answer
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .unwrap();
    let frame = &answer[end + 4..];
    assert_eq!(
        (frame[0], &frame[2..4]),
        (0x88, &4403_u16.to_be_bytes()[..])
    );
    assert!(
        frame.ends_with(b"origin.allow names those that may"),
        "{frame:?}"
    );
}

/// Waits until so many connections are open.
async fn joined(application: &Application, connections: usize) {
    let line = format!("wsgen_connections{{channel=\"notices\"}} {connections}\n");
    within(async {
        while !application.api.metrics().contains(&line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
