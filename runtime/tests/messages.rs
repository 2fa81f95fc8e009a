//! Messages in and out.

use wsgen_runtime::Initiator;

use crate::support::TestServer;
use crate::support::raw::{CONTINUATION, FIN, PING, PONG, TEXT, frame};
use crate::support::witness::Witness;

#[tokio::test]
async fn a_typed_round_trip() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for text in ["one", "zwei", "三"] {
        client
            .send(format!(r#"{{"text":"{text}","type":"say"}}"#))
            .await;
        assert_eq!(
            client.text().await,
            format!(r#"{{"type":"said","text":"{text}"}}"#)
        );
    }
    // JSON in a binary frame counts as well.
    client
        .send_message(tokio_websockets::Message::binary(
            &br#"{"type":"say","text":"b"}"#[..],
        ))
        .await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"b"}"#);
}

#[tokio::test]
async fn malformed_json_closes_with_1007() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"say","text":"#).await;
    let (code, reason) = client.closed().await;
    assert_eq!(code, 1007);
    assert!(
        reason.starts_with("malformed: ") && reason.contains("line 1 column"),
        "{reason}"
    );
    assert_eq!(server.ended().await.code, Some(1007));
}

#[tokio::test]
async fn unknown_and_invalid_messages_close_with_1008() {
    let server = TestServer::start().await;
    for (message, expected) in [
        (r#"{"type":"sing"}"#, "unknown message \"sing\""),
        (
            r#"{"text":"no tag"}"#,
            "unknown message: nothing tells which",
        ),
        (r#"["say"]"#, "unknown message: nothing tells which"),
        (
            r#"{"type":"say","text":7}"#,
            "invalid: invalid type: integer `7`",
        ),
    ] {
        let mut client = server.client().await;
        client.send(message).await;
        let (code, reason) = client.closed().await;
        assert_eq!(code, 1008, "{message}");
        assert!(reason.starts_with(expected), "{message}: {reason}");
    }
}

#[tokio::test]
async fn invalid_messages_can_be_ignored() {
    let server = TestServer::with("[messages]\ninvalid = \"ignore\"").await;
    let mut client = server.client().await;
    client.send("{").await;
    client.send(r#"{"type":"say","text":"on"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"on"}"#);
}

#[tokio::test]
async fn the_size_limit_is_exact() {
    let server = TestServer::with("[limits]\nmessage_size = 100").await;
    let witness = Witness::of(&server).await;
    let say = |size: usize| {
        let frame = r#"{"type":"say","text":""}"#;
        frame.replace(
            "\"\"}",
            &format!("\"{}\"}}", "x".repeat(size - frame.len())),
        )
    };
    let mut client = server.client().await;
    client.send(say(100)).await;
    assert!(client.text().await.contains("xxx"));
    client.send(say(101)).await;
    assert_eq!(client.closed().await.0, 1009);

    // And by fragments.
    let mut raw = server.raw().await;
    raw.send(&frame(TEXT, &say(100).as_bytes()[..60])).await;
    raw.send(&frame(FIN | CONTINUATION, &say(100).as_bytes()[60..]))
        .await;
    assert!(raw.text().await.contains("xxx"));
    raw.send(&frame(TEXT, &[b'x'; 60])).await;
    raw.send(&frame(CONTINUATION, &[b'x'; 41])).await;
    assert_eq!(raw.closed().await, 1009);
    witness.unharmed().await;
}

#[tokio::test]
async fn pipelined_messages_are_all_answered_in_order() {
    let server = TestServer::start().await;
    let mut raw = server.raw().await;
    let count = 5000;
    let mut frames = Vec::new();
    for number in 0..count {
        frames.extend(frame(
            FIN | TEXT,
            format!(r#"{{"type":"say","text":"{number}"}}"#).as_bytes(),
        ));
    }
    let (mut reader, mut writer) = raw.0.split();
    let send = tokio::io::AsyncWriteExt::write_all(&mut writer, &frames);
    let receive = async {
        for number in 0..count {
            let mut head = [0; 2];
            tokio::io::AsyncReadExt::read_exact(&mut reader, &mut head)
                .await
                .unwrap();
            let mut payload = vec![0; head[1] as usize];
            tokio::io::AsyncReadExt::read_exact(&mut reader, &mut payload)
                .await
                .unwrap();
            assert_eq!(
                String::from_utf8(payload).unwrap(),
                format!(r#"{{"type":"said","text":"{number}"}}"#)
            );
        }
    };
    let (sent, ()) = crate::support::within(async { tokio::join!(send, receive) }).await;
    sent.unwrap();
}

#[tokio::test]
async fn a_reply_does_not_wait_for_a_handler_that_waits() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"wait"}"#).await;
    assert_eq!(client.text().await, r#"{"type":"said","text":"waiting"}"#);
    // Handled after the one that waits.
    client.send(r#"{"type":"say","text":"next"}"#).await;
    server.still_echoes().await;
    server.gate.notify_one();
    assert_eq!(client.text().await, r#"{"type":"said","text":"done"}"#);
    assert_eq!(client.text().await, r#"{"type":"said","text":"next"}"#);
}

#[tokio::test]
async fn pings_are_answered() {
    let server = TestServer::start().await;
    let mut raw = server.raw().await;
    raw.send(&frame(FIN | PING, b"payload")).await;
    assert_eq!(raw.frame().await, (FIN | PONG, b"payload".to_vec()));
}

#[tokio::test]
async fn a_handler_may_close() {
    let mut server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(r#"{"type":"close"}"#).await;
    assert_eq!(
        client.text().await,
        r#"{"type":"said","text":"last words"}"#
    );
    assert_eq!(client.closed().await, (4000, "enough".to_owned()));
    let reason = server.ended().await;
    assert_eq!(
        (reason.code, reason.initiator),
        (Some(4000), Initiator::Server)
    );
}

#[tokio::test]
async fn a_peers_close_is_answered_and_told() {
    let mut server = TestServer::start().await;
    let mut raw = server.raw().await;
    let mut close = 4321_u16.to_be_bytes().to_vec();
    close.extend(b"bye");
    raw.send(&frame(FIN | crate::support::raw::CLOSE, &close))
        .await;
    assert_eq!(raw.closed().await, 4321);
    let reason = server.ended().await;
    assert_eq!(
        (reason.code, reason.reason.as_str(), reason.initiator),
        (Some(4321), "bye", Initiator::Peer)
    );
}
