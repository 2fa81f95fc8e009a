//! Who is let in.

use std::sync::Arc;

use wsgen_runtime::codegen::{Location, Scheme};
use wsgen_runtime::{Authenticate, Credential, Principal, Unauthorized};

use crate::support::TestServer;
use crate::support::raw::upgrade;

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
    let answer = server
        .request(&upgrade("/rooms/1", "Authorization: Bearer slow\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}
