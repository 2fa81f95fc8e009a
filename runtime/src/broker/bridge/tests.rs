//! What waits for the broker's task, and in which order.

use super::*;

fn bridge() -> Bridge {
    Bridge::new(Arc::default())
}

fn key(topic: &str) -> Key {
    Key::of_topic("room", topic, true)
}

fn say(bridge: &Bridge, text: &str) {
    let message = text.into();
    let body = Body::Message {
        name: "said",
        message,
    };
    bridge.say(key("a"), bridge.next_sequence(), body);
}

#[test]
fn topics_that_come_and_go_while_there_is_no_broker_leave_nothing() {
    let bridge = bridge();
    for number in 0..1000 {
        let key = key(&number.to_string());
        bridge.want(key.clone());
        bridge.forget(&key);
    }
    assert!(!bridge.has_more());
    let state = bridge.lock();
    assert!(state.changed.is_empty() && state.wanted.is_empty() && state.astray.is_empty());
}

#[test]
fn what_goes_while_it_is_being_heard_is_ignored_after_that() {
    let bridge = bridge();
    bridge.want(key("a"));
    assert_eq!(bridge.take_work().hear, [key("a")]);
    bridge.forget(&key("a"));
    assert!(!bridge.has_more());
    bridge.hears(vec![key("a")]);
    assert_eq!(bridge.take_work().ignore, [key("a")]);
    // And what comes back meanwhile is heard again, after it.
    bridge.want(key("a"));
    assert_eq!(bridge.take_work().hear, [key("a")]);
}

#[test]
fn a_sign_of_life_goes_first_and_says_what_was_dropped() {
    let bridge = bridge();
    for _ in 0..MOST_MESSAGES + 3 {
        say(&bridge, "x");
    }
    bridge.beat();
    assert!(bridge.take_messages(0, 1).is_empty());
    let batch = bridge.take_messages(2, usize::MAX);
    let bodies: Vec<Body> = batch
        .iter()
        .map(|said| Frame::decode(&said.frame).unwrap().body)
        .collect();
    assert!(
        matches!(
            bodies[..],
            [
                Body::News(News::Beat { dropped: 3, .. }),
                Body::Message { .. }
            ]
        ),
        "{bodies:?}"
    );
}

#[test]
fn a_batch_has_few_messages_if_they_are_large() {
    let bridge = bridge();
    for _ in 0..10 {
        say(&bridge, &"x".repeat(1000));
    }
    assert_eq!(bridge.take_messages(512, 2500).len(), 3);
    assert_eq!(bridge.take_messages(5, usize::MAX).len(), 5);
    assert_eq!(bridge.take_messages(512, 1).len(), 1);
    assert_eq!(bridge.take_messages(512, 1).len(), 1);
    assert!(bridge.is_silent());
    assert_eq!(bridge.lock().bytes, 0);
}
