//! Issuers on loopback: that answer, change their keys, fall silent, or are somebody else.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::tests::{SECRET, secret_token};
use super::super::{Jwt, Source, verifier};
use super::*;

/// A server of a few pages; 404 for all others.
#[derive(Clone)]
struct Issuer {
    address: SocketAddr,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Default)]
struct Pages {
    texts: HashMap<String, String>,
    asked: usize,
}

impl Issuer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self {
            address: listener.local_addr().unwrap(),
            pages: Arc::default(),
        };
        let serving = issuer.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                serving.answer(socket).await;
            }
        });
        issuer
    }

    async fn answer(&self, mut socket: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match socket.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let answer = {
            let mut pages = self.lock();
            pages.asked += 1;
            match pages.texts.get(path) {
                Some(text) => format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}",
                    text.len()
                ),
                None => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
            }
        };
        let _ = socket.write_all(answer.as_bytes()).await;
        let _ = socket.shutdown().await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self, path: &str, text: impl Into<String>) {
        self.lock().texts.insert(path.to_owned(), text.into());
    }

    fn keys(&self, name: &str) {
        self.page("/keys", key_set(name));
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn settings(&self) -> config::Jwt {
        let mut settings = config::Config::default().jwt;
        settings.issuer = "https://issuer.example".to_owned();
        settings.audience = vec!["chat".to_owned()];
        settings.keys_url = self.url("/keys");
        settings
    }
}

fn key_set(name: &str) -> String {
    let key = serde_json::json!({ "kty": "oct", "kid": name, "alg": "HS256", "k": BASE64.encode(SECRET) });
    serde_json::json!({ "keys": [key] }).to_string()
}

/// A judge whose keys may be fetched as often as `soonest`.
fn jwt(settings: &config::Jwt, soonest: Duration) -> Jwt {
    verifier::install();
    let client = Client::trusting(tokio_rustls::rustls::RootCertStore::empty()).unwrap();
    let keys = Keys::keep(settings, client, soonest).unwrap();
    Jwt {
        source: Source::Issuer(keys),
        validation: super::super::validation(settings),
    }
}

async fn accepts(jwt: &Jwt, name: &str) -> bool {
    jwt.judge(&secret_token(name)).await.is_some()
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let issuer = Issuer::start().await;
    issuer.keys("old");
    let jwt = jwt(&issuer.settings(), Duration::from_millis(50));
    assert!(accepts(&jwt, "old").await);
    issuer.keys("new");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(accepts(&jwt, "new").await);
    assert!(!accepts(&jwt, "old").await);
}

#[tokio::test]
async fn unknown_keys_do_not_flood_the_issuer() {
    let issuer = Issuer::start().await;
    issuer.keys("known");
    let jwt = jwt(&issuer.settings(), Duration::from_secs(60));
    assert!(accepts(&jwt, "known").await);
    for number in 0..100 {
        assert!(!accepts(&jwt, &format!("guess {number}")).await);
    }
    assert_eq!(issuer.lock().asked, 1);
}

#[tokio::test]
async fn old_keys_are_fetched_again_and_stay_when_that_fails() {
    let issuer = Issuer::start().await;
    issuer.keys("old");
    let mut settings = issuer.settings();
    settings.refresh = Duration::from_millis(20);
    let jwt = jwt(&settings, Duration::from_millis(1));
    assert!(accepts(&jwt, "old").await);
    issuer.keys("new");
    let asked = issuer.lock().asked;
    while issuer.lock().asked < asked + 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(accepts(&jwt, "new").await && !accepts(&jwt, "old").await);
    for bad in ["", "{\"keys\":[]}", &"x".repeat(300 * 1024)] {
        issuer.page("/keys", bad);
        // An unknown name has it asked for.
        assert!(!accepts(&jwt, "unknown").await);
        assert!(accepts(&jwt, "new").await, "{} bytes", bad.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_issuer_says_where_its_keys_are() {
    let issuer = Issuer::start().await;
    issuer.keys("found");
    let mut settings = issuer.settings();
    settings.keys_url = String::new();
    settings.discover = true;
    settings.issuer = issuer.url("/realm/");
    let describe = |issuer_name: &str, keys: &str| {
        let text = serde_json::json!({ "issuer": issuer_name, "jwks_uri": keys, "more": [1] });
        issuer.page("/realm/.well-known/openid-configuration", text.to_string());
    };
    let known = async || {
        let jwt = jwt(&settings, Duration::from_secs(60));
        !jwt.candidates(Some("found")).await.is_empty()
    };
    describe(&settings.issuer, &issuer.url("/keys"));
    assert!(known().await);
    // Another issuer's description, keys in the clear from afar, and none.
    describe("https://issuer.example", &issuer.url("/keys"));
    assert!(!known().await);
    describe(&settings.issuer, "http://192.0.2.1/keys");
    assert!(!known().await);
    describe(&settings.issuer, &issuer.url("/nowhere"));
    assert!(!known().await);
}

#[test]
fn keys_never_come_in_the_clear_from_afar() {
    for right in [
        "https://issuer.example/keys",
        "http://127.0.0.1:80/keys",
        "http://[::1]/keys",
        "http://localhost/keys",
    ] {
        assert!(address(right).is_ok(), "{right}");
    }
    for wrong in [
        "http://issuer.example/keys",
        "http://127.0.0.1.example/keys",
        "http://localhost.example",
        "file:///etc/passwd",
        "/keys",
        "",
    ] {
        assert!(address(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn the_certificate_must_be_trusted() {
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{RootCertStore, ServerConfig};

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let issuer = Issuer::start().await;
    issuer.keys("found");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(socket) = acceptor.accept(socket).await {
                issuer.answer(socket).await;
            }
        }
    });
    let uri = address(&format!("https://localhost:{port}/keys")).unwrap();
    let mut roots = RootCertStore::empty();
    let stranger = Client::trusting(roots.clone()).unwrap();
    assert!(stranger.get(&uri).await.is_err());
    roots.add(made.cert.der().clone()).unwrap();
    let friend = Client::trusting(roots).unwrap();
    assert_eq!(friend.get(&uri).await, Ok(key_set("found")));
}
