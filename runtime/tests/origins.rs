//! Which web pages may connect, and to which names of the server.

use wsgen_runtime::Config;

use crate::process::Process;
use crate::support::TestServer;
use crate::support::raw::{Raw, upgrade};
use crate::support::witness::Witness;

/// The answer to an upgrade for this host by a page of this origin: status line, headers and body.
async fn answer(server: &TestServer, host: &str, origin: &str) -> String {
    let request = upgrade("/rooms/1", &format!("Origin: {origin}\r\n"));
    let request = request.replace("Host: test\r\n", &format!("Host: {host}\r\n"));
    let mut raw = Raw::connect(server.address).await;
    raw.send(request.as_bytes()).await;
    let head = raw.head().await;
    match head.starts_with("HTTP/1.1 101 ") {
        true => head,
        false => head + &raw.all().await,
    }
}

async fn status(server: &TestServer, host: &str, origin: &str) -> String {
    answer(server, host, origin).await[9..12].to_owned()
}

#[tokio::test]
async fn a_default_port_is_the_same_origin() {
    let allow = "[origin]\nallow = [\"https://app.example.com:443\", \"http://Plain.example.com\"]";
    let server = TestServer::with(allow).await;
    for (origin, expected) in [
        ("https://app.example.com", "101"),
        ("https://app.example.com:443", "101"),
        ("https://APP.example.com", "101"),
        ("http://plain.example.com:80", "101"),
        ("http://plain.example.com", "101"),
        ("https://app.example.com:444", "403"),
        ("http://app.example.com", "403"),
        ("http://app.example.com:443", "403"),
        ("https://plain.example.com", "403"),
    ] {
        assert_eq!(status(&server, "test", origin).await, expected, "{origin}");
    }
}

#[tokio::test]
async fn a_wildcard_stands_for_whole_labels() {
    let allow =
        "[origin]\nallow = [\"https://*.preview.example.com\", \"http://*.dev.example.com:3000\"]";
    let server = TestServer::with(allow).await;
    let witness = Witness::of(&server).await;
    for (origin, expected) in [
        ("https://a.preview.example.com", "101"),
        ("https://pr-1.a.Preview.example.com:443", "101"),
        ("http://a.dev.example.com:3000", "101"),
        ("https://preview.example.com", "403"),
        ("https://.preview.example.com", "403"),
        ("https://evilpreview.example.com", "403"),
        ("https://a.preview.example.com.evil.com", "403"),
        ("https://evil.com/.preview.example.com", "403"),
        ("https://evil.com#.preview.example.com", "403"),
        ("https://evil.com@a.preview.example.com", "403"),
        ("http://a.preview.example.com", "403"),
        ("https://a.preview.example.com:444", "403"),
        ("http://a.dev.example.com", "403"),
    ] {
        assert_eq!(status(&server, "test", origin).await, expected, "{origin}");
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn a_name_that_is_not_the_servers_is_a_rebound_one() {
    let server = TestServer::with("[origin]\nhosts = [\"intranet\", \"*.corp.example\"]").await;
    let witness = Witness::of(&server).await;
    let port = server.address.port();
    for (host, origin, expected) in [
        ("evil.example", "http://evil.example", "421"),
        ("evil.example", "https://evil.example", "421"),
        ("evil.example:80", "http://evil.example", "421"),
        (
            "127.0.0.1.evil.example",
            "http://127.0.0.1.evil.example",
            "421",
        ),
        ("xlocalhost", "http://xlocalhost", "421"),
        ("corp.example", "http://corp.example", "421"),
        // What no name server decides, and what the settings name.
        ("127.0.0.1", "http://127.0.0.1", "101"),
        ("192.0.2.7:8080", "http://192.0.2.7:8080", "101"),
        ("[2001:db8::1]", "https://[2001:db8::1]", "101"),
        ("localhost:3000", "http://localhost:3000", "101"),
        ("app.localhost", "http://app.localhost", "101"),
        ("Intranet", "http://intranet", "101"),
        ("a.corp.example:444", "https://a.corp.example:444", "101"),
        // A page of another origin is not allowed for that.
        ("intranet", "http://evil.example", "403"),
    ] {
        let answer = answer(&server, host, origin).await;
        assert_eq!(&answer[9..12], expected, "{host} {origin}: {answer}");
    }
    let answer = answer(
        &server,
        &format!("evil.example:{port}"),
        &format!("http://evil.example:{port}"),
    )
    .await;
    assert!(
        answer.contains("add \"evil.example\" to origin.hosts"),
        "{answer}"
    );
    server
        .metric_becomes("wsgen_handshakes_rejected_total{reason=\"host\"}", 7.0)
        .await;
    witness.unharmed().await;
}

#[tokio::test]
async fn a_refused_origin_is_told_once_with_the_line_to_add() {
    let allow = "[origin]\nallow = [\"https://a.example\"]\n";
    let server = Process::start(allow, 1024);
    let knock = async |host: &str, origin: &str| {
        let request = upgrade("/rooms/1", &format!("Origin: {origin}\r\n"));
        let mut raw = Raw::connect(server.address).await;
        raw.send(
            request
                .replace("Host: test", &format!("Host: {host}"))
                .as_bytes(),
        )
        .await;
        raw.all().await
    };
    knock("test", "http://localhost:5173").await;
    let line = server.logs("WARN").await;
    let settings = r#"[origin] allow = ["https://a.example", "http://localhost:5173"]"#;
    assert!(line.contains(settings), "{line}");
    knock("test", "http://localhost:5173").await;
    knock("evil.example", "http://evil.example").await;
    let line = server.logs("WARN").await;
    let settings = r#"[origin] hosts = ["evil.example"]"#;
    assert!(
        line.contains(settings),
        "the next line is of the next fault: {line}"
    );
    for number in 0..100 {
        knock("test", &format!("https://a{number}.example")).await;
    }
    server.logs("many origins are refused").await;
    knock("test", "http://localhost:5173").await;
    server.signal("-INT");
    server.logs("draining").await;
}

#[test]
fn a_value_that_never_matches_is_a_fault() {
    let fault = Config::from_toml(
        "[origin]\nallow = [\"wss://a.example\", \"https://a.example/\"]\nhosts = [\"https://a.example\"]",
    );
    let fault = fault.unwrap_err().to_string();
    for words in [
        "origin.allow: \"wss://a.example\" is the address of a WebSocket",
        "origin.allow: \"https://a.example/\" is no origin",
        "origin.hosts: \"https://a.example\" is no host",
    ] {
        assert!(fault.contains(words), "{words}: {fault}");
    }
}

#[tokio::test]
async fn who_sends_no_origin_may_use_any_name() {
    let server = TestServer::start().await;
    for host in ["evil.example", "10.1.2.3:80", "balancer"] {
        let request = upgrade("/rooms/1", "").replace("Host: test", &format!("Host: {host}"));
        let mut raw = Raw::connect(server.address).await;
        raw.send(request.as_bytes()).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 101 "), "{host}");
    }
}

#[tokio::test]
async fn a_page_that_is_allowed_may_use_any_name() {
    let server = TestServer::with("[origin]\nallow = [\"https://app.example.com\"]").await;
    let status = status(&server, "balancer.internal", "https://app.example.com").await;
    assert_eq!(status, "101");
}

#[tokio::test]
async fn a_host_that_is_none_is_400() {
    let server = TestServer::start().await;
    for host in [
        "a b",
        "a/b",
        "a@b",
        "a:b",
        "a:99999",
        "a\"b",
        "a,b",
        "<a>",
        "a\\b",
        "[::1",
        "[nonsense]",
        "::1",
        "a#",
        "a?b",
        "a%zz",
        "\u{e9}",
        ":80",
    ] {
        let request = upgrade("/rooms/1", "").replace("Host: test", &format!("Host: {host}"));
        let answer = server.request(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host}: {answer}");
    }
    for host in [
        "a",
        "a:",
        "a_b-c.d:80",
        "[::1]:8080",
        "127.0.0.1",
        "a%20b",
        "a~!$&'()*+;=b",
    ] {
        let request = upgrade("/rooms/1", "").replace("Host: test", &format!("Host: {host}"));
        let mut raw = Raw::connect(server.address).await;
        raw.send(request.as_bytes()).await;
        let head = raw.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{host}: {head}");
    }
}

#[tokio::test]
async fn a_target_that_is_no_ascii_is_400() {
    let server = TestServer::start().await;
    for target in [
        "/rooms/\u{e9}",
        "/rooms/a\0b",
        "/rooms/1?x=\u{e9}",
        "/rooms/1?x=\0",
        "/rooms/\u{7f}",
        "/rooms/a\tb",
        "/rooms/\u{202e}",
    ] {
        let answer = server.request(&upgrade(target, "")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{target:?}: {answer}");
        assert!(
            !answer.split_once("\r\n\r\n").unwrap().1.is_empty(),
            "{answer}"
        );
    }
}
