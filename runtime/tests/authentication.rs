//! Who is let in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Credential, Nobody, Principal, Unauthorized};

use crate::support::raw::{FIN, Raw, TEXT, frame, upgrade};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

const EITHER: &[&[Scheme]] = &[
    &[Scheme::ApiKey {
        name: "key",
        location: Location::Query("token"),
    }],
    &[Scheme::Bearer { name: "jwt" }],
];

/// Knows one key and one token.
struct Guard;

impl Authenticate for Guard {
    async fn authenticate(&self, credential: Credential) -> Result<Principal, Unauthorized> {
        match &credential {
            Credential::ApiKey { scheme: "key", key } if key == "right" => {
                Ok(Principal::new("by key"))
            }
            Credential::Bearer {
                scheme: "jwt",
                token,
            } if token == "right" => Ok(Principal::new("by token")),
            Credential::Bearer { token, .. } if token.starts_with("short") => {
                let mut principal = Principal::new("for a moment");
                let milliseconds = token["short".len()..].parse().unwrap();
                principal.expires = Some(SystemTime::now() + Duration::from_millis(milliseconds));
                Ok(principal)
            }
            Credential::Bearer { token, .. } if token == "slow" => std::future::pending().await,
            _ => Err(Unauthorized),
        }
    }
}

async fn guarded(alternatives: &'static [&'static [Scheme]]) -> TestServer {
    let settings = "[timeouts]\nauthentication = \"300ms\"";
    TestServer::build(settings, |server| {
        server.authenticate(Arc::new(Guard), alternatives)
    })
    .await
}

#[tokio::test]
async fn only_a_right_credential_opens() {
    let server = guarded(EITHER).await;
    let let_in = "Authorization: Bearer right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    for (path, headers) in [
        ("/rooms/1?token=right", ""),
        ("/rooms/1", "Authorization: Bearer right\r\n"),
    ] {
        let mut raw = crate::support::raw::Raw::connect(server.address).await;
        raw.send(upgrade(path, headers).as_bytes()).await;
        let head = raw.head().await;
        assert!(
            head.starts_with("HTTP/1.1 101 "),
            "{path} {headers}: {head}"
        );
    }
    for (path, headers) in [
        ("/rooms/1", ""),
        ("/rooms/1?token=", ""),
        ("/rooms/1?token=wrong", ""),
        ("/rooms/1?token=right&token=right", ""),
        ("/rooms/1", "Authorization: Bearer wrong\r\n"),
        ("/rooms/1", "Authorization: Basic right\r\n"),
        ("/rooms/1", "token: right\r\n"),
    ] {
        let answer = server.request(&upgrade(path, headers)).await;
        assert!(
            answer.starts_with("HTTP/1.1 401 "),
            "{path} {headers}: {answer}"
        );
        assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn all_schemes_of_an_alternative_are_needed() {
    const BOTH: &[Scheme] = &[
        Scheme::Bearer { name: "jwt" },
        Scheme::ApiKey {
            name: "key",
            location: Location::Header("x-key"),
        },
    ];
    let server = guarded(&[BOTH]).await;
    let both = "Authorization: Bearer right\r\nX-Key: right\r\n";
    for (headers, status) in [
        (both, "101"),
        ("X-Key: right\r\n", "401"),
        ("Authorization: Bearer right\r\n", "401"),
    ] {
        let mut raw = crate::support::raw::Raw::connect(server.address).await;
        raw.send(upgrade("/rooms/1", headers).as_bytes()).await;
        let head = raw.head().await;
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{headers}: {head}"
        );
    }
}

#[tokio::test]
async fn no_alternative_is_closed() {
    let server = guarded(&[]).await;
    assert!(
        server
            .request(&upgrade("/rooms/1", "Authorization: Bearer right\r\n"))
            .await
            .starts_with("HTTP/1.1 401 ")
    );
}

#[tokio::test]
async fn an_authentication_that_hangs_is_503() {
    let server = guarded(&[&[Scheme::Bearer { name: "jwt" }]]).await;
    let let_in = "Authorization: Bearer right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    let answer = server
        .request(&upgrade("/rooms/1", "Authorization: Bearer slow\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    witness.unharmed().await;
}

/// The head of the answer to an upgrade, and the connection.
async fn knock(server: &TestServer, path: &str, headers: &str) -> (String, Raw) {
    let mut raw = Raw::connect(server.address).await;
    raw.send(upgrade(path, headers).as_bytes()).await;
    (raw.head().await, raw)
}

#[tokio::test]
async fn a_browser_shows_its_token_as_a_subprotocol() {
    let server = guarded(EITHER).await;
    let offer = "Sec-WebSocket-Protocol: bearer, bearer.right\r\n";
    let (head, _) = knock(&server, "/rooms/1", offer).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(
        head.contains("Sec-WebSocket-Protocol: bearer\r\n"),
        "{head}"
    );
    let offer = "Sec-WebSocket-Protocol: chat.v1, bearer.right\r\n";
    let (head, _) = knock(&server, "/rooms/1", offer).await;
    assert!(
        head.contains("Sec-WebSocket-Protocol: chat.v1\r\n"),
        "{head}"
    );
    assert!(!head.contains("right"), "the token comes back: {head}");
    for offer in [
        "bearer, bearer.wrong",
        "bearer.",
        "bearer.right, bearer.right",
    ] {
        let offer = format!("Sec-WebSocket-Protocol: {offer}\r\n");
        let (head, _) = knock(&server, "/rooms/1", &offer).await;
        assert!(head.starts_with("HTTP/1.1 401 "), "{offer}{head}");
    }
}

#[tokio::test]
async fn an_expired_credential_opens_nothing_and_closes_with_1008() {
    let server = guarded(EITHER).await;
    let let_in = "Authorization: Bearer right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    let (head, _) = knock(&server, "/rooms/1", "Authorization: Bearer short0\r\n").await;
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    let (head, mut raw) = knock(&server, "/rooms/1", "Authorization: Bearer short400\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    raw.send(&frame(FIN | TEXT, br#"{"type":"say","text":"x"}"#))
        .await;
    raw.text().await;
    let (first, payload) = raw.frame().await;
    assert_eq!((first, &payload[..2]), (0x88, &1008_u16.to_be_bytes()[..]));
    assert_eq!(&payload[2..], b"the credential has expired");
    witness.unharmed().await;
}

#[tokio::test]
async fn operations_may_ask_for_more() {
    let server = TestServer::build("", |server| {
        let server = server.authenticate(Arc::new(Guard), &[&[Scheme::Bearer { name: "jwt" }]]);
        server.operation_schemes(&[Scheme::ApiKey {
            name: "key",
            location: Location::Query("token"),
        }])
    })
    .await;
    let bearer = "Authorization: Bearer right\r\n";
    let guarded = frame(FIN | TEXT, br#"{"type":"guarded"}"#);
    let (_, mut raw) = knock(&server, "/rooms/1?token=right", bearer).await;
    raw.send(&guarded).await;
    assert!(raw.text().await.contains("allowed"));
    for path in ["/rooms/1", "/rooms/1?token=wrong"] {
        let (head, mut raw) = knock(&server, path, bearer).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw.send(&frame(FIN | TEXT, br#"{"type":"say","text":"x"}"#))
            .await;
        raw.text().await;
        raw.send(&guarded).await;
        let (first, payload) = raw.frame().await;
        assert_eq!((first, &payload[..2]), (0x88, &1008_u16.to_be_bytes()[..]));
    }
    let (head, _) = knock(&server, "/rooms/1?token=right", "").await;
    assert!(
        head.starts_with("HTTP/1.1 401 "),
        "the operation's scheme is not the server's"
    );
}

#[tokio::test]
async fn the_configuration_may_name_tokens() {
    // printf %s abc | sha256sum
    let tokens = "[authentication]\ntokens = [\"gate:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"]";
    let server = TestServer::build(tokens, |server| {
        server.authenticate(Arc::new(Nobody), EITHER)
    })
    .await;
    for (path, headers, status) in [
        ("/rooms/1?token=abc", "", "101"),
        ("/rooms/1", "Authorization: Bearer abc\r\n", "101"),
        ("/rooms/1", "Authorization: Bearer abd\r\n", "401"),
        ("/rooms/1", "", "401"),
    ] {
        let (head, _) = knock(&server, path, headers).await;
        assert_eq!(&head[9..12], status, "{path} {headers}");
    }
}

#[tokio::test]
async fn one_principal_cannot_take_all_the_room() {
    let limits = "[limits]\nconnections_per_principal = 3";
    let server = TestServer::build(limits, |server| {
        server.authenticate(Arc::new(Guard), EITHER)
    })
    .await;
    let let_in = "Authorization: Bearer right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    let bearer = "Authorization: Bearer right\r\n";
    let (head, first) = knock(&server, "/rooms/1", bearer).await;
    let (second_head, second) = knock(&server, "/rooms/1", bearer).await;
    for head in [head, second_head] {
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }
    let (head, _) = knock(&server, "/rooms/1", bearer).await;
    assert!(
        head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 5\r\n"),
        "{head}"
    );
    server
        .metric_becomes(
            "wsgen_handshakes_rejected_total{reason=\"principal_limit\"}",
            1.0,
        )
        .await;
    // Another one has room, and a handler's refusal takes none.
    for path in ["/rooms/secret?token=right", "/rooms/1?token=right"] {
        let (head, _) = knock(&server, path, "").await;
        let status = if path.contains("secret") {
            "403"
        } else {
            "101"
        };
        assert_eq!(&head[9..12], status);
    }
    drop(first);
    // The place is free once the connection's task has ended.
    within(async {
        while !knock(&server, "/rooms/1", bearer)
            .await
            .0
            .starts_with("HTTP/1.1 101 ")
        {}
    })
    .await;
    drop(second);
    witness.unharmed().await;
}
