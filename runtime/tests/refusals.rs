//! The bytes of every HTTP answer that refuses a connection: clients that read strictly get one that is whole, that says
//! what was wrong, and that arrives.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wsgen_runtime::Nobody;
use wsgen_runtime::codegen::Scheme;

use crate::support::raw::{Raw, upgrade};
use crate::support::witness::Witness;
use crate::support::{TestServer, within};

/// More than the buffers of both ends hold: a server that closes without reading it resets the connection.
const FLOOD: usize = 8 * 1024 * 1024;

/// What came until the end of a connection.
struct Answer {
    version: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    /// Reads a whole answer.
    fn parse(bytes: &str) -> Self {
        let (head, body) = bytes.split_once("\r\n\r\n").expect("a whole head");
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap();
        let mut parts = first.splitn(3, ' ');
        let [version, status, phrase] = [(); 3].map(|()| parts.next().expect(first));
        assert!(!phrase.is_empty(), "{first}");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect(line);
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self {
            version: version.to_owned(),
            status: status.parse().expect(first),
            headers: lines.map(header).collect(),
            body: body.to_owned(),
        }
    }

    /// The values of all headers with this name.
    fn values(&self, name: &str) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(found, _)| found == name);
        headers.map(|(_, value)| value.as_str()).collect()
    }

    /// Holds what every refusal has.
    fn is_whole(&self, of: &str) {
        let Self {
            version,
            headers,
            body,
            status,
        } = self;
        let of = format!("{of}\n{version} {status} {headers:#?}\n{body:?}");
        let length = body.len().to_string();
        assert_eq!(self.values("content-length"), [length.as_str()], "{of}");
        assert_eq!(
            self.values("content-type"),
            ["text/plain; charset=utf-8"],
            "{of}"
        );
        assert_eq!(self.values("date").len(), 1, "{of}");
        let connection = self.values("connection").join(", ");
        let mut options = connection.split(", ");
        // Where it goes without saying (RFC 9112, section 9.3), it is not said.
        let is_old = version == "HTTP/1.0" && connection.is_empty();
        assert!(is_old || options.any(|option| option == "close"), "{of}");
        // One line that says something.
        assert!(body.len() > 1 && body.ends_with('\n'), "{of}");
        assert_eq!(body.lines().count(), 1, "{of}");
    }
}

/// The answer to a request, which is followed by the end of the connection, without a reset.
async fn answer(server: &TestServer, request: &str) -> Answer {
    let answer = Answer::parse(&server.request(request).await);
    answer.is_whole(request.get(..200).unwrap_or(request));
    answer
}

/// The answer to a request after which the client goes on sending, whether anybody reads it or not.
async fn answer_to_a_flood(server: &TestServer, request: &str) -> Answer {
    let Raw(socket) = Raw::connect(server.address).await;
    let (mut read, mut write) = socket.into_split();
    let request = request.to_owned();
    let sending = tokio::spawn(async move {
        write.write_all(request.as_bytes()).await?;
        write.write_all(&vec![b'x'; FLOOD]).await
    });
    let mut all = String::new();
    let ended = within(read.read_to_string(&mut all)).await;
    ended.expect("the end of the answer, not a reset");
    within(sending)
        .await
        .unwrap()
        .expect("the server reads on until the client ends");
    let answer = Answer::parse(&all);
    answer.is_whole("a request and a flood");
    answer
}

async fn guarded() -> TestServer {
    const BEARER: &[&[Scheme]] = &[&[Scheme::Bearer { name: "jwt" }]];
    TestServer::build("", |server| server.authenticate(Arc::new(Nobody), BEARER)).await
}

/// Requests that are refused: what is wrong, the status, words of the body, and headers that the status asks for.
type Row = (
    &'static str,
    String,
    u16,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const UPGRADE: &[(&str, &str)] = &[("upgrade", "websocket"), ("sec-websocket-version", "13")];

fn rows() -> Vec<Row> {
    let good = upgrade("/rooms/1", "");
    let long = format!("X-Long: {}\r\n", "x".repeat(17 * 1024));
    vec![
        (
            "no parameter",
            upgrade("/rooms/1?after=soon", ""),
            400,
            "after",
            &[],
        ),
        (
            "no Host",
            good.replace("Host: test\r\n", ""),
            400,
            "Host",
            &[],
        ),
        ("no UTF-8", upgrade("/rooms/%FF", ""), 400, "UTF-8", &[]),
        (
            "a short key",
            good.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
            400,
            "Sec-WebSocket-Key",
            &[],
        ),
        (
            "a body",
            upgrade("/rooms/1", "Content-Length: 3\r\n") + "abc",
            400,
            "body",
            &[],
        ),
        (
            "no HTTP",
            "nonsense\r\n\r\n".to_owned(),
            400,
            "HTTP/1.1",
            &[],
        ),
        (
            "no header",
            upgrade("/rooms/1", "no colon\r\n"),
            400,
            "HTTP/1.1",
            &[],
        ),
        (
            "two lengths",
            upgrade("/rooms/1", "Content-Length: 3\r\nContent-Length: 4\r\n"),
            400,
            "HTTP/1.1",
            &[],
        ),
        (
            "an origin",
            upgrade("/rooms/1", "Origin: https://evil.example\r\n"),
            403,
            "origin",
            &[],
        ),
        (
            "the handler says no",
            upgrade("/rooms/secret", ""),
            403,
            "not here",
            &[],
        ),
        ("no such path", upgrade("/else", ""), 404, "not found", &[]),
        (
            "another method",
            good.replace("GET ", "POST "),
            405,
            "GET",
            &[("allow", "GET")],
        ),
        (
            "no upgrade",
            good.replace("Upgrade: websocket\r\n", ""),
            426,
            "WebSocket",
            UPGRADE,
        ),
        (
            "another version",
            good.replace("Version: 13", "Version: 8"),
            426,
            "13",
            UPGRADE,
        ),
        (
            "a long head",
            upgrade("/rooms/1", &long),
            431,
            "16384 bytes",
            &[],
        ),
        (
            "a long path",
            upgrade(&format!("/rooms/{}", "x".repeat(17 * 1024)), ""),
            431,
            "16384 bytes",
            &[],
        ),
        (
            "many headers",
            upgrade("/rooms/1", &"X-Many: x\r\n".repeat(65)),
            431,
            "64 headers",
            &[],
        ),
        (
            "an old version",
            good.replace("HTTP/1.1", "HTTP/1.0"),
            505,
            "HTTP/1.1",
            &[],
        ),
        (
            "HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            505,
            "HTTP/1.1",
            &[],
        ),
    ]
}

#[tokio::test]
async fn every_refusal_is_whole_and_says_why() {
    let server = TestServer::start().await;
    for (fault, request, status, words, headers) in rows() {
        let answer = answer(&server, &request).await;
        assert_eq!(answer.status, status, "{fault}: {}", answer.body);
        assert!(answer.body.contains(words), "{fault}: {}", answer.body);
        for (name, value) in headers {
            assert_eq!(answer.values(name), [*value], "{fault}");
        }
    }
    let refused = server.metric("wsgen_handshakes_rejected_total{reason=\"malformed\"}");
    assert_eq!(refused.await, 7.0);
}

#[tokio::test]
async fn a_refusal_reaches_who_goes_on_sending() {
    let server = TestServer::start().await;
    let witness = Witness::of(&server).await;
    for (fault, request, status, ..) in rows() {
        let answer = answer_to_a_flood(&server, &request).await;
        assert_eq!(answer.status, status, "{fault}: {}", answer.body);
    }
    witness.unharmed().await;
}

#[tokio::test]
async fn who_is_not_authenticated_learns_how() {
    let server = guarded().await;
    let answer = answer(&server, &upgrade("/rooms/1", "")).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.values("www-authenticate"), ["Bearer"]);
    assert!(answer.body.contains("credential"), "{}", answer.body);
}

#[tokio::test]
async fn who_finds_no_room_is_told_to_come_again() {
    for limit in ["max_connections = 1", "connections_per_address = 1"] {
        let server = TestServer::with(&format!("[limits]\n{limit}")).await;
        let _only = server.client().await;
        for request in [upgrade("/rooms/1", ""), "nonsense\r\n\r\n".to_owned()] {
            let answer = answer_to_a_flood(&server, &request).await;
            if request.starts_with("GET ") {
                assert_eq!(answer.status, 503, "{limit}");
                assert_eq!(answer.values("retry-after"), ["5"], "{limit}");
                assert!(answer.body.contains("too many"), "{}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn who_takes_too_long_is_told_so() {
    let server = TestServer::with("[timeouts]\nrequest_head = \"200ms\"").await;
    for begun in ["", "GET /rooms/1 HTTP/1.1\r\nHost:"] {
        let answer = answer(&server, begun).await;
        assert_eq!(answer.status, 408);
        assert!(answer.body.contains("too long"), "{}", answer.body);
    }
}
