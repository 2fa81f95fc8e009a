//! Room, ends, and what is dropped.

use std::time::Duration;

use wsgen_config::Limits;

use super::*;
use crate::{ConnectionId, Hub, Membership};

/// One with room for so many messages, and for so many bytes in one message.
fn outbox(messages: usize, bytes: usize) -> Outbox {
    with(|limits| {
        limits.send_queue_messages = messages;
        limits.send_queue_size = messages * EACH + bytes;
    })
}

/// What a message takes beside its text.
const EACH: usize = size_of::<Queued>();

fn with(set: impl FnOnce(&mut Limits)) -> Outbox {
    let mut limits = wsgen_config::Config::default().limits;
    set(&mut limits);
    Outbox::new(Connections::new(&limits))
}

#[test]
fn messages_and_bytes_are_bounded() {
    let by_count = outbox(2, 1000);
    assert_eq!(
        [(); 3].map(|()| by_count.push_now("a".into(), "m")),
        [Ok(()), Ok(()), Err(SendError::Full)]
    );
    let by_size = with(|limits| limits.send_queue_size = 2 * EACH + 5);
    assert_eq!(by_size.push_now("123".into(), "m"), Ok(()));
    assert_eq!(by_size.push_now("456".into(), "m"), Err(SendError::Full));
    // What keeps a message counts, or there could be any number of empty ones.
    assert_eq!(by_size.push_now("".into(), "m"), Ok(()));
    assert_eq!(by_size.push_now("".into(), "m"), Err(SendError::Full));
    assert_eq!(all(&by_size), ["123", ""]);
    assert_eq!(
        by_size.push_now("a single larger one passes".into(), "m"),
        Ok(())
    );
}

#[test]
fn a_close_waits_for_what_is_queued_and_refuses_more() {
    let outbox = outbox(2, 100);
    outbox.push_now("last".into(), "m").unwrap();
    outbox.close_from_session(4000, "bye".to_owned());
    outbox.close(4001, "later".to_owned());
    assert_eq!(outbox.push_now("more".into(), "m"), Err(SendError::Closed));
    assert_eq!(outbox.take(false, |_| true), Next::MakeRoomToClose);
    assert!(matches!(
        outbox.take(true, |delivery| delivery.message == "last".into()),
        Next::Close(CloseReason {
            code: Some(4000),
            ..
        })
    ));
    outbox.cut();
    assert_eq!(outbox.take(true, |_| true), Next::Cut);
}

fn publish(outbox: &Outbox, text: &str) -> Published {
    outbox.publish(
        Delivery::to_one(text.to_owned().into(), "m"),
        None,
        topic(1),
    )
}

fn is_1013(next: &Next) -> bool {
    matches!(
        next,
        Next::Close(CloseReason {
            code: Some(1013),
            ..
        })
    )
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_no_slow_reader_but_a_queue_that_stays_full_is() {
    let outbox = outbox(1, 100);
    let patience = outbox.connections.send_queues().patience;
    assert_eq!(
        ["a", "b"].map(|text| publish(&outbox, text)),
        [Published::Queued; 2]
    );
    tokio::time::advance(patience).await;
    assert_eq!(publish(&outbox, "c"), Published::Queued);
    // It was read: from here on its time begins again.
    assert_eq!(all(&outbox), ["a", "b", "c"]);
    assert_eq!(
        ["d", "e"].map(|text| publish(&outbox, text)),
        [Published::Queued; 2]
    );
    tokio::time::advance(patience).await;
    assert_eq!(publish(&outbox, "f"), Published::Queued);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(publish(&outbox, "g"), Published::Overflow);
    assert_eq!(publish(&outbox, "h"), Published::NotOpen);
    // What was queued leaves before the Close frame.
    let mut left = Vec::new();
    let next = outbox.take(true, |delivery| {
        left.push(delivery.message);
        true
    });
    assert_eq!(left, ["d", "e", "f"].map(Message::from));
    assert!(is_1013(&next), "{next:?}");
}

#[test]
fn four_times_the_bounds_are_too_much_at_any_time() {
    let by_count = outbox(2, 100);
    for _ in 0..8 {
        assert_eq!(publish(&by_count, "a"), Published::Queued);
    }
    assert_eq!(publish(&by_count, "a"), Published::Overflow);
    let by_size = with(|limits| limits.send_queue_size = EACH + 100);
    for _ in 0..4 {
        assert_eq!(publish(&by_size, &"x".repeat(100)), Published::Queued);
    }
    assert_eq!(publish(&by_size, ""), Published::Overflow);
    // Never more than it bears, and never less than one message.
    let large = with(|limits| limits.send_queue_size = 1);
    assert_eq!(publish(&large, &"x".repeat(100)), Published::Queued);
}

#[test]
fn where_all_together_hold_too_much_the_slowest_go() {
    let mut limits = wsgen_config::Config::default().limits;
    limits.send_queue_memory = 1 << 20;
    let connections = Connections::new(&limits);
    let outboxes = [1, 2, 3].map(|_| Arc::new(Outbox::new(connections.clone())));
    let _open: Vec<_> = (1..)
        .zip(&outboxes)
        .map(|(id, outbox)| {
            let id = ConnectionId::numbered(id);
            let hub = Arc::new(Hub::new("test", Arc::default()));
            let membership = Membership::new(id, outbox.clone(), hub, None);
            connections.register(Arc::new(membership), None)
        })
        .collect();
    let [slow, slower, quick] = &outboxes;
    let large = "x".repeat(100_000);
    for _ in 0..4 {
        assert_eq!(publish(slow, &large), Published::Queued);
    }
    for _ in 0..5 {
        assert_eq!(publish(slower, &large), Published::Queued);
        assert_eq!(publish(quick, &large), Published::Queued);
        assert_eq!(all(quick).len(), 1);
    }
    assert_eq!(connections.queued(), 9 * (100_000 + EACH));
    assert_eq!(
        [&large, &large].map(|text| publish(quick, text)),
        [Published::Queued; 2]
    );
    assert!(is_1013(&slower.take(true, |_| true)));
    assert_eq!(publish(slow, "more"), Published::Queued);
    assert_eq!(all(slow).len(), 5);
    assert_eq!(all(quick).len(), 2);
    outboxes.iter().for_each(|outbox| outbox.gone());
    assert!(connections.send_queues().are_empty());
}

fn topic(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

fn with_policy(when_full: SendQueueFull) -> Outbox {
    with(|limits| {
        limits.send_queue_messages = 3;
        limits.send_queue_full = when_full;
    })
}

fn all(outbox: &Outbox) -> Vec<String> {
    let mut all = Vec::new();
    let next = outbox.take(true, |Delivery { message, .. }| {
        all.push(String::from_utf8(message.as_bytes().to_vec()).unwrap());
        true
    });
    assert_eq!(next, Next::Nothing);
    all
}

#[test]
fn the_oldest_published_message_makes_room() {
    let outbox = with_policy(SendQueueFull::DropOldest);
    outbox.push_now("reply".into(), "m").unwrap();
    for (text, outcome) in [
        ("a", Published::Queued),
        ("b", Published::Queued),
        ("c", Published::Replaced(1)),
    ] {
        assert_eq!(
            outbox.publish(Delivery::to_one(text.into(), "m"), None, topic(1)),
            outcome,
            "{text}"
        );
    }
    assert_eq!(all(&outbox), ["reply", "b", "c"]);
    assert_eq!(outbox.lock().bytes, 0);
}

#[test]
fn the_latest_of_a_topic_replaces_the_others() {
    let outbox = with_policy(SendQueueFull::KeepLatest);
    for (text, number) in [("a1", 1), ("b1", 2), ("a2", 1)] {
        assert_eq!(
            outbox.publish(Delivery::to_one(text.into(), "m"), None, topic(number)),
            Published::Queued
        );
    }
    assert_eq!(
        outbox.publish(Delivery::to_one("a3".into(), "m"), None, topic(1)),
        Published::Replaced(2)
    );
    assert_eq!(all(&outbox), ["b1", "a3"]);
}

#[test]
fn what_handlers_send_is_never_dropped() {
    for policy in [SendQueueFull::DropOldest, SendQueueFull::KeepLatest] {
        let outbox = with_policy(policy);
        for text in ["1", "2", "3"] {
            outbox.push_now(text.into(), "m").unwrap();
        }
        assert_eq!(
            outbox.publish(Delivery::to_one("a".into(), "m"), None, topic(1)),
            Published::Dropped(1)
        );
        assert_eq!(all(&outbox), ["1", "2", "3"]);
    }
}
