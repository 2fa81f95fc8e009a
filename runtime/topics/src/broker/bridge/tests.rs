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
    bridge.publish(key("a"), bridge.next_sequence(), body);
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
    bridge.subscribed_to(vec![key("a")]);
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
    bridge.send_heartbeat();
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
                Body::News(News::Beat(Beat { dropped: 3, .. })),
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
    assert!(bridge.lock().outgoing.is_empty());
    assert_eq!(bridge.lock().bytes, 0);
}

/// A bridge that comes back from an outage, with something to say, and before which it knew another server.
fn after_an_outage(other: NodeId) -> Bridge {
    let bridge = bridge();
    bridge.connected();
    bridge.came_up();
    bridge.heartbeat_received(other, &Beat::default());
    bridge.disconnected();
    say(&bridge, "x");
    bridge.connected();
    bridge.came_up();
    bridge
}

fn bodies(batch: &[Outgoing]) -> Vec<Body> {
    let frames = batch.iter().map(|said| Frame::decode(&said.frame));
    frames.map(|frame| frame.unwrap().body).collect()
}

#[test]
fn who_comes_back_first_asks_and_says_the_rest_when_the_others_are_back() {
    let other = NodeId(2);
    let bridge = after_an_outage(other);
    let question = asked(&bridge);
    let answers = |question| Beat {
        answers: vec![question],
        ..Beat::default()
    };
    // Somebody else's, one from before the outage, an answer to an older question.
    bridge.heartbeat_received(NodeId(3), &answers(question));
    bridge.heartbeat_received(other, &Beat::default());
    bridge.heartbeat_received(other, &answers(question ^ 1));
    bridge.take_messages(512, usize::MAX);
    assert!(!bridge.has_more());
    bridge.heartbeat_received(other, &answers(question));
    assert_eq!(bridge.take_messages(512, usize::MAX).len(), 1);
}

/// What the others are asked, which is all that is said.
fn asked(bridge: &Bridge) -> u64 {
    let batch = bodies(&bridge.take_messages(512, usize::MAX));
    let [Body::News(News::Beat(beat))] = &batch[..] else {
        panic!("{batch:?}")
    };
    assert!(!bridge.has_more());
    beat.asks.unwrap()
}

#[test]
fn who_has_just_come_back_hears_and_is_answered() {
    let other = NodeId(2);
    let bridge = after_an_outage(other);
    asked(&bridge);
    let asks = Beat {
        asks: Some(9),
        ..Beat::default()
    };
    bridge.heartbeat_received(other, &asks);
    let batch = bodies(&bridge.take_messages(512, usize::MAX));
    assert!(
        matches!(&batch[..], [Body::News(News::Beat(beat)), Body::Message { .. }] if beat.answers == [9]),
        "{batch:?}"
    );
}

#[test]
fn who_has_nobody_to_wait_for_does_not_wait() {
    let other = NodeId(2);
    for over in [Bridge::release_held, |bridge: &Bridge| {
        bridge.forget_peer(NodeId(2))
    }] {
        let bridge = after_an_outage(other);
        bridge.take_messages(512, usize::MAX);
        assert!(!bridge.has_more());
        over(&bridge);
        assert_eq!(bridge.take_messages(512, usize::MAX).len(), 1);
    }
    // At the first connection nobody is known.
    let bridge = bridge();
    say(&bridge, "x");
    bridge.connected();
    bridge.came_up();
    assert_eq!(bridge.take_messages(512, usize::MAX).len(), 2);
}

#[test]
fn while_the_broker_is_silent_nobody_is_forgotten() {
    let ttl = Duration::from_millis(40);
    let bridge = bridge();
    bridge.connected();
    bridge.heartbeat_received(NodeId(2), &Beat::default());
    bridge.set_waiting(true);
    std::thread::sleep(2 * ttl);
    assert!(bridge.forget_silent_peers(ttl).is_empty());
    bridge.set_waiting(false);
    assert_eq!(bridge.forget_silent_peers(ttl), [NodeId(2)].into());
}

#[test]
fn what_is_held_is_half_of_what_may_wait() {
    let bridge = after_an_outage(NodeId(2));
    bridge.take_messages(512, usize::MAX);
    for _ in 1..MOST_MESSAGES / 2 {
        assert!(!bridge.has_more());
        say(&bridge, "x");
    }
    assert!(bridge.has_more());
    assert_eq!(bridge.take_messages(512, usize::MAX).len(), 1);
    assert!(!bridge.has_more());
}

#[tokio::test]
async fn who_does_not_come_back_is_waited_for_no_longer_than_that() {
    let bridge = after_an_outage(NodeId(2));
    bridge.take_messages(512, usize::MAX);
    // One that was due before.
    bridge.has_work().await;
    let begin = Instant::now();
    while !bridge.has_more() {
        bridge.has_work().await;
    }
    assert!(
        begin.elapsed() < Duration::from_millis(2500),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        begin.elapsed() > Duration::from_millis(1500),
        "{:?}",
        begin.elapsed()
    );
}
