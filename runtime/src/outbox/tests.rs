//! Room, ends, and what is dropped.

use super::*;

fn outbox(messages: usize, bytes: usize) -> Outbox {
    let mut limits = crate::config::Config::default().limits;
    limits.send_queue_messages = messages;
    limits.send_queue_size = bytes;
    Outbox::new(&limits)
}

#[test]
fn messages_and_bytes_are_bounded() {
    let by_count = outbox(2, 1000);
    assert_eq!(
        [(); 3].map(|()| by_count.push_now("a".into(), "m")),
        [Ok(()), Ok(()), Err(SendError::Full)]
    );
    let by_size = outbox(10, 5);
    assert_eq!(by_size.push_now("123".into(), "m"), Ok(()));
    assert_eq!(by_size.push_now("456".into(), "m"), Err(SendError::Full));
    assert_eq!(all(&by_size), ["123"]);
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

#[test]
fn an_overflow_closes_with_1013() {
    let outbox = outbox(1, 100);
    assert_eq!(
        outbox.publish(Delivery::to_one("a".into(), "m"), None, topic(1)),
        Published::Queued
    );
    assert_eq!(
        outbox.publish(Delivery::to_one("b".into(), "m"), None, topic(1)),
        Published::Overflow
    );
    assert!(matches!(
        outbox.take(true, |_| true),
        Next::Close(CloseReason {
            code: Some(1013),
            ..
        })
    ));
}

fn topic(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).unwrap()
}

fn with_policy(when_full: SendQueueFull) -> Outbox {
    let outbox = outbox(3, 100);
    Outbox {
        when_full,
        ..outbox
    }
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
