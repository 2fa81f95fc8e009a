//! Many members, many topics.

use std::time::Duration;

use wsgen_config::Config;

use super::*;
use crate::outbox::Next;

fn hub() -> Hub {
    Hub::new("test", Arc::default())
}

fn outbox() -> Arc<Outbox> {
    let mut limits = Config::default().limits;
    limits.send_queue_messages = 1_000_000;
    limits.send_queue_size = 1 << 30;
    Arc::new(Outbox::new(Connections::new(&limits)))
}

/// What waits to be sent; none may have been too much.
fn received(outbox: &Outbox) -> Vec<Message> {
    let mut received = Vec::new();
    let next = outbox.take(true, |Delivery { message, name, .. }| {
        assert_eq!(name, "said");
        received.push(message);
        true
    });
    assert_eq!(next, Next::Nothing);
    received
}

fn join(hub: &Hub, topic: &str, id: u64, outbox: &Arc<Outbox>) {
    let joining = Joining {
        id: ConnectionId::numbered(id),
        outbox,
        is_told: false,
    };
    hub.join(topic, &joining);
}

#[test]
fn ten_thousand_members_share_one_message() {
    let hub = hub();
    let members: Vec<_> = (0..10_000).map(|_| outbox()).collect();
    for (id, outbox) in (0..).zip(&members) {
        join(&hub, "a", id, outbox);
    }
    let message = Message::from("to all");
    let except = ConnectionId::numbered(0);
    assert_eq!(hub.publish("a", &message, "said", Some(except)), 9_999);
    assert!(received(&members[0]).is_empty());
    for member in &members[1..] {
        let [received] = &received(member)[..] else {
            panic!("not one message");
        };
        // The bytes themselves, not a copy of them.
        assert_eq!(received.as_bytes().as_ptr(), message.as_bytes().as_ptr());
    }
}

/// What a round of joining and leaving takes for a topic, and what is left of it.
fn round(hub: &Hub, topics: &[String]) -> Duration {
    let outbox = outbox();
    let begin = Instant::now();
    for topic in topics {
        join(hub, topic, 1, &outbox);
    }
    for topic in topics {
        assert_eq!(hub.publish(topic, &Message::from("x"), "said", None), 1);
        // Nobody reads: its queue must not fill.
        received(&outbox);
    }
    for topic in topics {
        hub.leave(topic, ConnectionId::numbered(1));
    }
    let taken = begin.elapsed();
    assert!(hub.shards().all(|shard| shard.is_empty()));
    taken / topics.len() as u32
}

#[test]
fn a_hundred_thousand_topics_cost_each_what_a_thousand_cost() {
    let hub = hub();
    let topics: Vec<String> = (0..100_000)
        .map(|number| format!("room:{number}"))
        .collect();
    // Other tests run beside this one: the fastest of some rounds counts.
    let fastest = |topics: &[String]| (0..3).map(|_| round(&hub, topics)).min().unwrap();
    let (few, many) = (fastest(&topics[..1000]), fastest(&topics));
    // Memory further away costs something, a list that is searched would cost a hundred times as much.
    assert!(
        many < 10 * few,
        "{few:?} for each of 1,000, {many:?} for each of 100,000"
    );
    hub.sweep();
    assert!(hub.shards().all(|shard| shard.capacity() < 1000));
}

#[test]
fn topics_of_one_shard_do_not_wait_for_each_other() {
    let hub = &hub();
    let outbox = outbox();
    let shard_of = |topic: &str| hub.hasher.hash_one(topic) % SHARDS as u64;
    let mut others = (0..).map(|number| format!("other:{number}"));
    let beside = &others
        .find(|other| shard_of(other) == shard_of("busy"))
        .unwrap();
    join(hub, "busy", 1, &outbox);
    join(hub, beside, 1, &outbox);
    std::thread::scope(|scope| {
        let (tell, told) = std::sync::mpsc::channel();
        hub.at("busy", |_| {
            scope.spawn(move || tell.send(hub.publish(beside, &"x".into(), "said", None)));
            assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(1));
        });
    });
}

/// Topics come and go with their members; nobody may be left on one that is gone.
#[test]
fn who_joins_while_the_last_one_leaves_is_a_member() {
    let hub = &hub();
    std::thread::scope(|scope| {
        for id in 0..4 {
            scope.spawn(move || {
                let outbox = outbox();
                for round in 0..20_000 {
                    join(hub, "a", id, &outbox);
                    let message = Message::from(format!("{round} of {id}"));
                    hub.publish("a", &message, "said", None);
                    let received = received(&outbox);
                    assert!(received.contains(&message), "round {round} of {id}");
                    hub.leave("a", ConnectionId::numbered(id));
                }
            });
        }
    });
    assert!(hub.shards().all(|shard| shard.is_empty()));
}
