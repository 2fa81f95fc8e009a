use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::Rates;

fn wire(socket: DuplexStream) -> Wire<DuplexStream> {
    let bounds = Bounds {
        message_size: 64 * 1024,
        message_fragments: 128,
    };
    let meter = Meter::new(Arc::new(Rates::default()));
    Wire::new(Role::Server, socket, b"", bounds, meter, None)
}

/// An empty message of a client.
const EMPTY: [u8; 6] = [0x82, 0x80, 0, 0, 0, 0];

#[tokio::test]
async fn what_is_sent_arrives_whole_and_in_order() {
    for room in [11, 64 * 1024, 1 << 20] {
        let (socket, mut peer) = duplex(room);
        let mut wire = wire(socket);
        let payloads = [10, 100_000, 3, 16 * 1024, 16 * 1024 + 1, 70_000, 0, 5];
        let write = async {
            for (length, fill) in payloads.into_iter().zip(b'a'..) {
                poll_fn(|cx| wire.poll_ready(cx)).await.unwrap();
                wire.send_message(vec![fill; length].into(), None);
            }
            poll_fn(|cx| wire.poll_drain(cx)).await.unwrap();
            wire.into_socket().shutdown().await.unwrap();
        };
        let mut arrived = Vec::new();
        let (_, read) = tokio::join!(write, peer.read_to_end(&mut arrived));
        read.unwrap();
        let mut expected = Vec::new();
        for (length, fill) in payloads.into_iter().zip(b'a'..) {
            let head = Sent {
                opcode: Opcode::Binary,
                is_compressed: false,
                mask: None,
            };
            frame::write_head(&mut expected, head, length);
            expected.extend(vec![fill; length]);
        }
        assert!(arrived == expected, "with room for {room}");
    }
}

#[tokio::test]
async fn replies_leave_together_when_there_is_nothing_more_to_read() {
    let (socket, mut peer) = duplex(1 << 20);
    let mut wire = wire(socket);
    peer.write_all(&EMPTY.repeat(3)).await.unwrap();
    for _ in 0..3 {
        poll_fn(|cx| wire.poll_next(cx)).await.unwrap();
        wire.send_message("hi".into(), None);
    }
    let mut sent = [0; 64];
    let mut waiting = Box::pin(peer.read(&mut sent));
    assert!(is_pending(waiting.as_mut()).await);
    assert!(is_pending(Box::pin(poll_fn(|cx| wire.poll_next(cx))).as_mut()).await);
    assert_eq!(waiting.await.unwrap(), 12);
}

#[tokio::test]
async fn who_sends_no_more_still_gets_the_replies() {
    let (socket, mut peer) = duplex(1 << 20);
    let mut wire = wire(socket);
    peer.write_all(&EMPTY).await.unwrap();
    peer.shutdown().await.unwrap();
    poll_fn(|cx| wire.poll_next(cx)).await.unwrap();
    wire.send_message("hi".into(), None);
    let end = poll_fn(|cx| wire.poll_next(cx)).await;
    assert!(matches!(end, Err(Fault::Lost)));
    drop(wire);
    let mut arrived = Vec::new();
    peer.read_to_end(&mut arrived).await.unwrap();
    assert_eq!(arrived, b"\x81\x02hi");
}

#[tokio::test]
async fn a_message_is_under_way_from_its_first_byte_to_its_last() {
    let (socket, mut peer) = duplex(1 << 20);
    let mut wire = wire(socket);
    let mut next = async |bytes: &[u8]| {
        peer.write_all(bytes).await.unwrap();
        let mut next = Box::pin(poll_fn(|cx| wire.poll_next(cx)));
        let came = !is_pending(next.as_mut()).await;
        drop(next);
        (came, wire.message_since())
    };
    assert_eq!(next(&EMPTY).await, (true, None));
    // A whole one, and the beginning of another.
    assert_eq!(
        next(&[&EMPTY[..], &EMPTY[..3]].concat()).await,
        (true, None)
    );
    let (came, since) = next(&EMPTY[3..5]).await;
    assert!(!came && since.is_some());
    // A ping, which may come between fragments.
    let ping = [0x89, 0x80, 0, 0, 0, 0];
    let fragment = [0x02, 0x80, 0, 0, 0, 0];
    assert_eq!(
        next(&[&EMPTY[5..], &fragment[..], &ping].concat()).await,
        (true, None)
    );
    assert_eq!(next(b"").await, (true, None));
    let (came, since) = next(b"").await;
    assert!(!came && since.is_some());
    assert_eq!(next(&ping).await, (true, since));
}

#[tokio::test]
async fn nothing_is_read_while_output_is_stuck() {
    let (socket, mut peer) = duplex(100);
    let mut wire = wire(socket);
    peer.write_all(&EMPTY).await.unwrap();
    wire.send_message(vec![0; 1000].into(), None);
    assert!(is_pending(Box::pin(poll_fn(|cx| wire.poll_drain(cx))).as_mut()).await);
    assert!(wire.stuck_since().is_some());
    assert!(is_pending(Box::pin(poll_fn(|cx| wire.poll_next(cx))).as_mut()).await);
    let mut room = [0; 1004];
    let (read, next) = tokio::join!(peer.read_exact(&mut room), poll_fn(|cx| wire.poll_next(cx)));
    read.unwrap();
    assert_eq!(next.unwrap(), Received::Message(Bytes::new().into()));
    assert!(wire.stuck_since().is_none());
}

#[tokio::test]
async fn a_flood_lets_others_have_their_turn() {
    let (socket, mut peer) = duplex(1 << 20);
    let mut wire = wire(socket);
    peer.write_all(&EMPTY.repeat(10_000)).await.unwrap();
    let mut at_once = 0;
    while !is_pending(Box::pin(poll_fn(|cx| wire.poll_next(cx))).as_mut()).await {
        at_once += 1;
    }
    assert!((2..1000).contains(&at_once), "{at_once} messages at once");
    tokio::task::yield_now().await;
    poll_fn(|cx| wire.poll_next(cx)).await.unwrap();
}

/// Whether a future, polled once, is not ready.
async fn is_pending<F: Future + ?Sized>(mut future: Pin<&mut F>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}
