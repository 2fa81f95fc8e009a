//! What a page in a browser can read of a refusal, which is a Close frame and no answer of HTTP.

use std::sync::Arc;

use wsgen_runtime::Nobody;
use wsgen_runtime::codegen::Scheme;

use crate::support::TestServer;
use crate::support::raw::{CLOSE, FIN, Raw, frame, upgrade};
use crate::support::witness::Witness;

const CLOSES: &str = "[handshake]\nrefusal = \"close\"\n";
const PAGE: &str = "Origin: http://test\r\n";

/// The head of the answer, and the Close frame behind it, after which the connection ends.
async fn refused(server: &TestServer, request: &str) -> (String, u16, String) {
    let mut raw = Raw::connect(server.address).await;
    raw.send(request.as_bytes()).await;
    let head = raw.head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{request}{head}");
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    assert!(head.contains(accept), "{head}");
    let (first, payload) = raw.frame().await;
    assert_eq!(first, FIN | CLOSE);
    raw.send(&frame(FIN | CLOSE, &payload[..2])).await;
    assert_eq!(raw.all().await, "", "the server ends TCP, without a reset");
    let code = u16::from_be_bytes([payload[0], payload[1]]);
    (
        head,
        code,
        String::from_utf8(payload[2..].to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn a_page_is_told_in_a_close_frame_why_it_may_not_connect() {
    let server = TestServer::with(CLOSES).await;
    let witness = Witness::of(&server).await;
    let evil = "Origin: http://evil.example\r\n";
    let rebound = upgrade("/rooms/1", evil).replace("Host: test", "Host: evil.example");
    for (request, code, words) in [
        (upgrade("/rooms/secret", PAGE), 4403, "not here"),
        (upgrade("/rooms/1", evil), 4403, "origin.allow"),
        (rebound, 4421, "origin.hosts"),
        (upgrade("/else", PAGE), 4404, "not found"),
        (upgrade("/rooms/1?after=soon", PAGE), 4400, "after"),
        (upgrade("/rooms/panic", PAGE), 1011, "internal error"),
        (upgrade("/rooms/%FF", PAGE), 4400, "UTF-8"),
    ] {
        let (_, found, reason) = refused(&server, &request).await;
        assert_eq!(found, code, "{request}");
        assert!(reason.contains(words), "{request}{reason}");
    }
    let counted = "wsgen_handshakes_rejected_total{reason=\"path\"}";
    assert_eq!(server.metric(counted).await, 2.0);
    witness.unharmed().await;
}

#[tokio::test]
async fn a_page_without_credential_is_told_4401() {
    const BEARER: &[&[Scheme]] = &[&[Scheme::Bearer { name: "jwt" }]];
    let server = TestServer::build(CLOSES, |server| {
        server.authenticate(Arc::new(Nobody), BEARER)
    })
    .await;
    for (offer, agreed) in [
        ("", None),
        ("bearer, bearer.secret", Some("bearer")),
        ("bearer, secret", Some("bearer")),
        ("secretless, other", Some("secretless")),
        ("bearer.secret", None),
        ("bearer.secret, chat.v1", Some("chat.v1")),
    ] {
        let offers = match offer {
            "" => String::new(),
            offer => format!("Sec-WebSocket-Protocol: {offer}\r\n"),
        };
        let request = upgrade("/rooms/1", &format!("{PAGE}{offers}"));
        let (head, code, reason) = refused(&server, &request).await;
        assert_eq!(
            (code, reason.as_str()),
            (4401, "a valid credential is expected")
        );
        let found = head
            .lines()
            .find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: "));
        // A browser that offers some takes no answer without one.
        assert_eq!(found, agreed, "{offer}");
    }
}

#[tokio::test]
async fn a_page_for_which_there_is_no_room_is_told_1013() {
    for limit in ["max_connections = 1", "connections_per_address = 1"] {
        let server = TestServer::with(&format!("{CLOSES}[limits]\n{limit}")).await;
        let _only = server.client().await;
        let (_, code, reason) = refused(&server, &upgrade("/rooms/1", PAGE)).await;
        assert_eq!(code, 1013, "{limit}");
        assert!(reason.contains("too many connections"), "{reason}");
        let answer = server.request(&upgrade("/rooms/1", "")).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}

#[tokio::test]
async fn others_get_an_answer_of_http() {
    let closes = TestServer::with(CLOSES).await;
    let default = TestServer::start().await;
    for (server, request, status) in [
        (&closes, upgrade("/rooms/secret", ""), "403"),
        (&closes, upgrade("/else", ""), "404"),
        (
            &closes,
            upgrade("/else", PAGE).replace("Version: 13", "Version: 8"),
            "404",
        ),
        (
            &closes,
            upgrade("/rooms/1", PAGE).replace("Upgrade: websocket\r\n", ""),
            "426",
        ),
        (
            &closes,
            upgrade("/rooms/1", PAGE).replace("Host: test", "Host: a b"),
            "400",
        ),
        (&default, upgrade("/rooms/secret", PAGE), "403"),
    ] {
        let answer = server.request(&request).await;
        assert_eq!(&answer[9..12], status, "{request}{answer}");
    }
}

#[tokio::test]
async fn a_page_that_never_answers_is_cut_off() {
    let server = TestServer::with(&format!("{CLOSES}[timeouts]\nclose = \"200ms\"")).await;
    let witness = Witness::of(&server).await;
    let mut raw = Raw::connect(server.address).await;
    raw.send(upgrade("/else", PAGE).as_bytes()).await;
    raw.head().await;
    assert_eq!(raw.closed().await, 4404);
    witness.unharmed().await;
}
