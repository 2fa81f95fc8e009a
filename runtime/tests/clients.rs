//! The runtime's own clients, against servers that leave something to be desired.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use wsgen_runtime::Message;
use wsgen_runtime::client::{
    ClientError, CloseCode, Closed, ConnectError, Connection, Event, Reconnect, Target,
};

use crate::support::client::Client as Peer;
use crate::support::raw::Raw;
use crate::support::within;

type Client = Connection<Message, Message>;

const SOON: Duration = Duration::from_millis(100);

async fn listener() -> (TcpListener, Target) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target::new(format!("ws://{}", listener.local_addr().unwrap()));
    (listener, target)
}

/// A client, and a server by hand.
async fn pair(adjust: impl FnOnce(Target) -> Target) -> (Client, Peer) {
    let (listener, target) = listener().await;
    let (client, server) = tokio::join!(adjust(target).connect(), Peer::accept(&listener));
    (client.unwrap(), server)
}

/// Takes what is `id`.
fn by_id(id: &'static str) -> impl Fn(Message) -> Result<Message, Message> {
    move |message| match message == Message::from(id) {
        true => Ok(message),
        false => Err(message),
    }
}

async fn ended(client: &Client) -> Closed {
    match within(client.next()).await {
        Some(Event::Closed(closed)) => closed,
        other => panic!("the end, not {other:?}"),
    }
}

#[tokio::test]
async fn a_late_reply_with_an_id_is_an_event() {
    let (client, mut server) = pair(|target| target.request_timeout(SOON)).await;
    let reply = within(client.request("1", by_id("1"))).await;
    assert!(matches!(reply, Err(ClientError::Timeout)), "{reply:?}");
    assert_eq!(server.text().await, "1");
    server.send("1").await;
    let late = Event::Message(Message::from("1"));
    assert_eq!(within(client.next()).await, Some(late));
    // The connection goes on.
    let (reply, ()) = tokio::join!(client.request("2", by_id("2")), async {
        assert_eq!(server.text().await, "2");
        server.send("2").await;
    });
    assert_eq!(reply.unwrap(), Message::from("2"));
}

#[tokio::test]
async fn replies_without_ids_belong_to_requests_in_turn() {
    let (client, mut server) = pair(|target| target).await;
    // Who asks first stops waiting; the reply still is nobody else's.
    let first = client.request_in_turn("1", Ok::<Message, Message>);
    assert!(timeout(SOON, first).await.is_err());
    assert_eq!(server.text().await, "1");
    server.send("first").await;
    let (second, third, ()) = within(async {
        tokio::join!(
            client.request_in_turn("2", Ok::<Message, Message>),
            client.request_in_turn("3", Ok::<Message, Message>),
            async {
                assert_eq!([server.text().await, server.text().await], ["2", "3"]);
                server.send("second").await;
                server.send("third").await;
            }
        )
    })
    .await;
    assert_eq!(second.unwrap(), Message::from("second"));
    assert_eq!(third.unwrap(), Message::from("third"));
}

#[tokio::test]
async fn a_turn_without_a_reply_is_the_end() {
    let (client, mut server) = pair(|target| target.request_timeout(SOON)).await;
    let reply = within(client.request_in_turn("1", Ok::<Message, Message>)).await;
    assert!(matches!(reply, Err(ClientError::Timeout)), "{reply:?}");
    let closed = ended(&client).await;
    assert_eq!(closed.code, None);
    assert_eq!(closed.reason, "a request was not answered in time");
    assert_eq!(server.text().await, "1");
    let message = server.next().await.unwrap().unwrap();
    assert_eq!(message.as_close().map(|(code, _)| code.into()), Some(1000));
    let late = client.send("2").await;
    assert!(matches!(late, Err(ClientError::Disconnected)), "{late:?}");
}

#[tokio::test]
async fn attempts_are_counted() {
    let (listener, target) = listener().await;
    let target = target.reconnect(Reconnect {
        first: Duration::from_millis(1),
        most: Duration::from_millis(5),
        attempts: Some(3),
    });
    let (client, server) = tokio::join!(target.connect(), Peer::accept(&listener));
    let client: Client = client.unwrap();
    drop(server);
    let mut attempts = 0;
    let closed = tokio::select! {
        closed = ended(&client) => closed,
        () = async {
            loop {
                drop(listener.accept().await);
                attempts += 1;
            }
        } => unreachable!(),
    };
    assert_eq!((closed.code, attempts), (None, 3));
    assert_eq!(within(client.next()).await, None);
}

#[tokio::test]
async fn a_client_that_waits_to_come_back_can_be_closed() {
    let day = Duration::from_secs(24 * 60 * 60);
    let reconnect = Reconnect {
        first: day,
        most: day,
        attempts: None,
    };
    let (client, server) = pair(|target| target.reconnect(reconnect)).await;
    drop(server);
    within(async { while client.send("?").await.is_ok() {} }).await;
    client.close().await;
    assert_eq!(ended(&client).await.code, None);
}

#[tokio::test]
async fn a_reason_to_close_arrives() {
    let (client, mut server) = pair(|target| target.message_size(10)).await;
    server.send("longer than ten bytes").await;
    let closed = ended(&client).await;
    assert_eq!(closed.code, None);
    assert!(
        closed.reason.contains("max length: 10"),
        "{}",
        closed.reason
    );

    let (client, mut server) = pair(|target| target).await;
    let close = tokio_websockets::CloseCode::try_from(4001).unwrap();
    let close = tokio_websockets::Message::close(Some(close), "enough");
    server.send_message(close).await;
    let expected = Closed {
        code: Some(CloseCode::Application(4001)),
        reason: "enough".to_owned(),
    };
    drop(server);
    assert_eq!(ended(&client).await, expected);
}

/// What a client makes of a server that answers with these lines, after which nothing comes.
async fn refused(status: &str, lines: &str) -> ConnectError {
    let (listener, target) = listener().await;
    let answer = async {
        let mut server = Raw(listener.accept().await.unwrap().0);
        let head = server.head().await;
        let key = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then_some(value)
        });
        let suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        let hash = sha1_smol::Sha1::from(format!("{}{suffix}", key.unwrap()));
        let accept = BASE64.encode(hash.digest().bytes());
        let lines = lines.replace("{accept}", &accept);
        let answer = format!("HTTP/1.1 {status}\r\n{lines}\r\n");
        server.send(answer.as_bytes()).await;
    };
    let (connected, ()) = within(async {
        tokio::join!(
            target.subprotocols(&["v2"]).connect::<Message, Message>(),
            answer
        )
    })
    .await;
    connected.unwrap_err()
}

#[tokio::test]
async fn what_answers_must_be_a_websocket_server() {
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    let accepted = format!("{upgrade}Sec-WebSocket-Accept: {{accept}}\r\n");
    for (lines, fault) in [
        (
            "Sec-WebSocket-Accept: {accept}\r\n".to_owned(),
            "something else",
        ),
        (upgrade.to_owned(), "Sec-WebSocket-Accept"),
        (
            format!("{accepted}Sec-WebSocket-Extensions: x\r\n"),
            "an extension",
        ),
        (
            format!("{accepted}Sec-WebSocket-Protocol: v1\r\n"),
            "a subprotocol",
        ),
    ] {
        match refused("101 Switching Protocols", &lines).await {
            ConnectError::Handshake(found) => assert!(found.contains(fault), "{found}"),
            other => panic!("{fault}, not {other:?}"),
        }
    }
    match refused("200 OK", "Content-Length: 6\r\n\r\nwelcome").await {
        ConnectError::Refused { status, reason } => assert_eq!((status, &*reason), (200, "welcom")),
        other => panic!("200, not {other:?}"),
    }
}

#[tokio::test]
async fn a_head_without_end_is_cut() {
    let (listener, target) = listener().await;
    let endless = async {
        let mut server = Raw(listener.accept().await.unwrap().0);
        server.head().await;
        server.send(b"HTTP/1.1 101 Switching Protocols\r\n").await;
        server.send_until_stuck(b"X: endless\r\n", 64 << 20).await
    };
    let (connected, sent) =
        within(async { tokio::join!(target.connect::<Message, Message>(), endless) }).await;
    let error = connected.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake(_)), "{error:?}");
    assert!(sent < 64 << 20, "{sent}");
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_two_pings() {
    let (client, _server) = pair(|target| target).await;
    // From here on time passes whenever nobody has anything to do.
    tokio::time::pause();
    let began = Instant::now();
    let lost = client.next().await;
    let Some(Event::Closed(closed)) = lost else {
        panic!("the end, not {lost:?}");
    };
    assert_eq!(closed.reason, "the server is silent");
    assert!((49..=51).contains(&began.elapsed().as_secs()));
}
