//! Who is let in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Config, Credential, Nobody, Principal, Server, Unauthorized};

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
            Credential::Bearer { token, .. } if token == "panic" => panic!("on demand"),
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
    for (offer, agreed) in [
        ("bearer, right", "bearer"),
        ("bearer,right,other", "bearer"),
        ("bearer, right, chat.v1", "chat.v1"),
        ("chat.v1, bearer, right", "chat.v1"),
        ("bearer, other, bearer.right", "bearer"),
    ] {
        let offers = format!("Sec-WebSocket-Protocol: {offer}\r\n");
        let (head, _) = knock(&server, "/rooms/1", &offers).await;
        let agreed = format!("Sec-WebSocket-Protocol: {agreed}\r\n");
        assert!(head.contains(&agreed), "{offer}: {head}");
        assert!(!head.contains("right"), "the token comes back: {head}");
    }
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
        "bearer",
        "right, bearer",
        "right",
        "bearer, wrong",
        "bearer, chat.v1, right",
        "bearer, right, bearer, right",
        "bearer, right, bearer.wrong",
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

/// `printf %s abc | sha256sum`, as the settings have it.
const TOKENS: &str = "[authentication]\ntokens = [\"gate:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"]\n";

#[tokio::test]
async fn the_configuration_may_name_tokens_and_for_which_schemes() {
    let (key, bearer) = ("/rooms/1?token=abc", "Authorization: Bearer abc\r\n");
    for (schemes, expected) in [
        // What is no key is not opened by one, unless the settings say so.
        ("", ["101", "401"]),
        ("schemes = [\"jwt\"]", ["401", "101"]),
        ("schemes = [\"jwt\", \"key\"]", ["101", "101"]),
    ] {
        let server = TestServer::build(&format!("{TOKENS}{schemes}"), |server| {
            server.authenticate(Arc::new(Nobody), EITHER)
        })
        .await;
        let let_in = if expected[0] == "101" {
            ("/rooms/1?token=abc", "")
        } else {
            ("/rooms/1", bearer)
        };
        for (path, headers, status) in [
            (key, "", expected[0]),
            ("/rooms/1", bearer, expected[1]),
            ("/rooms/1", "Authorization: Bearer abd\r\n", "401"),
            ("/rooms/1?token=abd", "", "401"),
            ("/rooms/1", "", "401"),
            (let_in.0, let_in.1, "101"),
        ] {
            let (head, _) = knock(&server, path, headers).await;
            assert_eq!(&head[9..12], status, "{schemes} {path} {headers}");
        }
    }
}

#[tokio::test]
async fn tokens_for_no_scheme_of_the_document_stop_the_start() {
    const BEARER: &[&[Scheme]] = &[&[Scheme::Bearer { name: "jwt" }]];
    for (settings, words) in [
        (
            TOKENS.to_owned(),
            "to take them for others, set [authentication] schemes = [\"jwt\"]",
        ),
        (
            format!("{TOKENS}schemes = [\"jvt\"]"),
            "authentication.schemes: the document has no scheme \"jvt\"; it has \"jwt\"",
        ),
    ] {
        let mut config = Config::from_toml(&settings).unwrap();
        config.listen.address = "127.0.0.1:0".parse().unwrap();
        config.admin.enabled = false;
        let server = Server::new("test").authenticate(Arc::new(Nobody), BEARER);
        let fault = server.bind(config).await.err().unwrap().to_string();
        assert!(fault.contains(words), "{fault}");
    }
}

/// The modulus of an RSA key, and a token that it has signed: valid until the year 2100.
#[cfg(feature = "jwt")]
const RSA: [&str; 2] = [
    "tO6h6b15ntbRbGKQVV2dExEF6MWeRxhtdlnD3uoUpAZJWfcJ7IWWwYPApixLchQCUtVJRHKfIQUybWW7da5Eb40mEvE1YYoO5WGRQNZu7X5Rs3eAS4SYwvOqfXBV-q5rNQISn-AGffyjo5_G9usJk6CbT_6B8QE8n19LE0EAR7KqHBAMUbQ806FYyD8L-90RTRUQAKOhOjZ2texly1HVS9qaLGkYf2RJhZGSjwwdYuHAO0ADXmykxxMLEHWOQL-p6fbkzrPHNA_l4TjC6aVbo9MN67oqjP9oM34cxwcEsJDgw1WsK_Cs-ZuE4_vpD5D_qxrENzucoHP3pZ6bE0oVOQ",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2hhdCIsImV4cCI6NDEwMjQ0NDgwMH0.qMGlabEHLVPG7K0Kxs7QvwuEswQC4MjM0RY5qj6WcIYdqss_CdqPAkDWsrGyRcGqIE8D3zW2hnuOfpKrSLsoaLZVR-TJF5VxAyggcyoLLqW66fNrZ9yzXElhk3CAPugzbeiRdFtECShd-aDH5WbWZcaqXE6yAIyWSGlbzdJkfThRZRLQ3tqxnW1vP__O8t_AY8SFqF3xB4m_tA-4vbdQnrGKvMhEjQ13tBjlQ0OZzVa3YigAgqlygYiDE1VClMnNOiINAp7ExXOpwp_ky2kz0PxRrQVw82_9GBywPnO2U0YuQVuvSsPOIPVAlJJZioxZanRiKoOWGIgR5wGoHhZG1w",
];

#[cfg(feature = "jwt")]
#[tokio::test]
async fn a_json_web_token_is_no_key_unless_the_settings_say_so() {
    let [modulus, token] = RSA;
    let keys = std::env::temp_dir().join(format!("wsgen-schemes-{}.json", std::process::id()));
    let set = format!(
        r#"{{"keys":[{{"kty":"RSA","kid":"rsa","alg":"RS256","n":"{modulus}","e":"AQAB"}}]}}"#
    );
    std::fs::write(&keys, set).unwrap();
    for (schemes, expected) in [
        ("", ["101", "401"]),
        ("schemes = [\"key\"]", ["401", "101"]),
    ] {
        let settings = format!(
            "[jwt]\nkeys = {keys:?}\nissuer = \"https://issuer.example\"\naudience = [\"chat\"]\n{schemes}"
        );
        let server = TestServer::build(&settings, |server| {
            server.authenticate(Arc::new(Nobody), EITHER)
        })
        .await;
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let (head, _) = knock(&server, "/rooms/1", &bearer).await;
        assert_eq!(&head[9..12], expected[0], "{schemes}");
        let (head, _) = knock(&server, &format!("/rooms/1?token={token}"), "").await;
        assert_eq!(&head[9..12], expected[1], "{schemes}");
    }
    std::fs::remove_file(keys).unwrap();
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

#[tokio::test]
async fn a_panic_of_who_decides_is_500_and_counted() {
    let server = guarded(EITHER).await;
    let let_in = "Authorization: Bearer right\r\n";
    let witness = Witness::with(server.address, server.admin, let_in).await;
    for (path, token) in [("/rooms/1", "panic"), ("/rooms/panic", "right")] {
        let request = upgrade(path, &format!("Authorization: Bearer {token}\r\n"));
        let answer = server.request(&request).await;
        assert!(
            answer.starts_with("HTTP/1.1 500 ") && answer.ends_with("\r\n\r\ninternal error\n"),
            "{answer}"
        );
    }
    let refused = "wsgen_handshakes_rejected_total{reason=\"panic\"}";
    assert_eq!(server.metric(refused).await, 2.0);
    let panics = "wsgen_handler_panics_total{channel=\"room\"}";
    assert_eq!(server.metric(panics).await, 2.0);
    witness.unharmed().await;
}
