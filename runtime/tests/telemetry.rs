//! Traces, by a collector on loopback: `cargo test -p wsgen-runtime --all-features`.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::process::{FAST, Process};
use crate::support::client::Client;
use crate::support::raw::{FIN, Raw, TEXT, frame, upgrade};
use crate::support::within;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Takes OTLP by HTTP.
struct Collector {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Collector {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let mut raw = Raw(socket);
                let head = raw.head().await;
                let head = head.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap();
                let length = length.split("\r\n").next().unwrap().parse().unwrap();
                let mut body = vec![0; length];
                raw.0.read_exact(&mut body).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                raw.0.write_all(answer).await.unwrap();
                if tell
                    .send((head, serde_json::from_slice(&body).unwrap()))
                    .is_err()
                {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    /// The settings of a server that sends its traces here.
    fn settings(&self, more: &str) -> String {
        let address = self.address;
        format!("{FAST}[telemetry]\nendpoint = \"http://{address}\"\n{more}")
    }

    /// The spans that a server has sent up to its end, of which the first request's head is looked at as well.
    fn spans(&mut self) -> (String, Vec<Value>) {
        let mut first = String::new();
        let mut spans = Vec::new();
        while let Ok((head, body)) = self.requests.try_recv() {
            first = head;
            let resource = &body["resourceSpans"][0];
            assert_eq!(
                resource["resource"]["attributes"],
                json!([{"key": "service.name", "value": {"stringValue": "test"}}])
            );
            spans.extend(
                resource["scopeSpans"][0]["spans"]
                    .as_array()
                    .unwrap()
                    .clone(),
            );
        }
        (first, spans)
    }
}

/// One connection with a parent: a message that is answered and one whose handler fails. Then the server's end.
async fn converse(server: &mut Process) {
    let traceparent = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\ntracestate: a=canary\r\n");
    let mut raw = Raw::connect(server.address).await;
    raw.send(upgrade("/rooms/canary?after=1&token=canary", &traceparent).as_bytes())
        .await;
    assert!(raw.head().await.starts_with("HTTP/1.1 101 "));
    for text in [r#"{"type":"say","text":"canary"}"#, r#"{"type":"fail"}"#] {
        raw.send(&frame(FIN | TEXT, text.as_bytes())).await;
    }
    // To the Close frame and the end.
    within(raw.0.read_to_end(&mut Vec::new())).await.unwrap();
    server.signal("-TERM");
    assert!(server.exited().await.success());
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let attributes = span["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    &found.unwrap_or(&Value::Null)["value"]
}

#[tokio::test]
async fn a_message_has_a_span_in_the_trace_of_who_connected() {
    let mut collector = Collector::start().await;
    let more = "sampling = 1.0\nheaders = [\"X-Key: of the collector\"]";
    let mut server = Process::start(&collector.settings(more), 1024);
    converse(&mut server).await;
    let (head, spans) = collector.spans();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("x-key: of the collector\r\n"), "{head}");
    let names: Vec<&str> = spans
        .iter()
        .map(|span| span["name"].as_str().unwrap())
        .collect();
    let expected = [
        "room connect",
        "room connected",
        "room inbound",
        "room inbound",
        "room",
    ];
    assert_eq!(names, expected);
    let connection = &spans[4];
    assert_eq!(connection["parentSpanId"], PARENT);
    assert_eq!(
        attribute(connection, "wsgen.close.code"),
        &json!({"intValue": "1011"})
    );
    for span in &spans {
        assert_eq!(
            (&span["traceId"], &span["kind"]),
            (&json!(TRACE), &json!(2))
        );
        let channel = attribute(span, "wsgen.channel");
        assert_eq!(channel, &json!({"stringValue": "room"}));
        let [begin, end] = ["startTimeUnixNano", "endTimeUnixNano"]
            .map(|key| span[key].as_str().unwrap().parse::<u64>().unwrap());
        assert!(begin <= end && begin > 1_700_000_000_000_000_000);
    }
    for handler in &spans[..4] {
        assert_eq!(handler["parentSpanId"], connection["spanId"]);
    }
    let errors: Vec<bool> = spans
        .iter()
        .map(|span| span["status"]["code"] == 2)
        .collect();
    assert_eq!(errors, [false, false, false, true, true]);
    // Neither what stands in the path and the query, nor messages, nor what handlers fail with.
    let all = Value::Array(spans).to_string();
    assert!(!all.contains("canary") && !all.contains("secret"), "{all}");
}

#[tokio::test]
async fn a_panic_is_an_error_in_a_trace_of_its_own() {
    let mut collector = Collector::start().await;
    let mut server = Process::start(&collector.settings("sampling = 1.0"), 1024);
    let mut client = Client::connect(server.address, "/rooms/1").await;
    client.send(r#"{"type":"panic"}"#).await;
    assert_eq!(client.closed().await.0, 1011);
    server.signal("-TERM");
    assert!(server.exited().await.success());
    let (_, spans) = collector.spans();
    let handler = spans.iter().find(|span| span["name"] == "room inbound");
    assert_eq!(handler.unwrap()["status"]["code"], 2);
    let connection = spans.iter().find(|span| span["name"] == "room").unwrap();
    assert_eq!(connection["parentSpanId"], "");
}

#[tokio::test]
async fn only_a_trusted_proxy_decides_what_is_traced() {
    for (proxy, traced) in [("", 0), ("[proxy]\ntrusted = [\"127.0.0.0/8\"]", 5)] {
        let mut collector = Collector::start().await;
        let more = format!("sampling = 0.0\n{proxy}");
        let mut server = Process::start(&collector.settings(&more), 1024);
        converse(&mut server).await;
        assert_eq!(collector.spans().1.len(), traced, "{proxy}");
    }
}

#[tokio::test]
async fn a_dead_collector_costs_spans_alone() {
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", dead.local_addr().unwrap());
    drop(dead);
    let settings = format!("{FAST}[telemetry]\nendpoint = \"{endpoint}\"\nsampling = 1.0");
    let mut server = Process::start(&settings, 1024);
    let mut client = Client::connect(server.address, "/rooms/1").await;
    // More than the queue holds.
    for _ in 0..3000 {
        client.send(r#"{"type":"say","text":"x"}"#).await;
        assert_eq!(client.text().await, r#"{"type":"said","text":"x"}"#);
    }
    client.close().await;
    server.signal("-TERM");
    assert!(within(server.exited()).await.success());
}
