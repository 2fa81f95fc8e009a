//! The broker does not answer, but keeps its connections: the system still takes what is written to them.

use std::time::{Duration, Instant};

use super::delivery::{MISSED, joined, member, publish, said};
use super::on_each_broker;
use super::server::{Broker, is_degraded, is_ready};
use crate::support::client::Client;

on_each_broker! {
    members_here_are_served_and_the_gap_is_told,
    joining_waits_no_longer_than_it_says,
    what_waits_is_bounded_while_it_is_noticed,
}

/// A sign of life is due each 0.5 s with the settings of these tests, and waited for 3 s.
const NOTICED: Duration = Duration::from_millis(4500);

async fn members_here_are_served_and_the_gap_is_told(broker: Broker) {
    let (one, other) = (broker.server("").await, broker.server("").await);
    let (mut here, mut there) = (member(&one, "a").await, member(&other, "a").await);
    let mut publisher = one.client().await;
    broker.hang();
    let hanging = Instant::now();
    for number in 0..500 {
        let text = format!("without {number}");
        publish(&mut publisher, "a", &text).await;
        assert_eq!(here.text().await, said(&text));
    }
    assert!(
        hanging.elapsed() < Duration::from_secs(3),
        "fan-out waits: {:?}",
        hanging.elapsed()
    );
    is_degraded(&one).await;
    is_degraded(&other).await;
    assert!(hanging.elapsed() < NOTICED, "{:?}", hanging.elapsed());
    broker.go_on();
    is_ready(&one).await;
    is_ready(&other).await;
    for member in [&mut here, &mut there] {
        while member.text().await != said(MISSED) {}
    }
    publish(&mut publisher, "a", "after").await;
    while here.text().await != said("after") {}
    while there.text().await != said("after") {}
}

async fn joining_waits_no_longer_than_it_says(broker: Broker) {
    let one = broker.server("[resume]\nchannels = [\"room\"]").await;
    let plain = one.client().await;
    let resuming = Client::connect(one.address, "/rooms/1?wsgen_resume=abc.1:a").await;
    let mut seen = one.client().await;
    broker.hang();
    let asked = Instant::now();
    let plain = joined(plain, "a");
    let resuming = async {
        let mut resuming = resuming;
        resuming.send(r#"{"type":"join","topic":"a"}"#).await;
        let greeting = resuming.text().await;
        assert!(greeting.contains(r#""recovered":false"#), "{greeting}");
        assert_eq!(resuming.text().await, said("joined"));
    };
    let seen = async {
        seen.send(r#"{"type":"enter","topic":"b","info":"ada"}"#)
            .await;
        assert_eq!(seen.text().await, said("entered"));
    };
    tokio::join!(plain, resuming, seen);
    let waited = asked.elapsed();
    assert!(waited < Duration::from_millis(2500), "{waited:?}");
}

async fn what_waits_is_bounded_while_it_is_noticed(broker: Broker) {
    let one = broker.server("").await;
    let mut publisher = one.client().await;
    let text = "x".repeat(60_000);
    // Once, so that what a burst takes anyway is taken.
    for _ in 0..100 {
        publish(&mut publisher, "a", &text).await;
    }
    publisher.send(r#"{"type":"say","text":"done"}"#).await;
    assert_eq!(publisher.text().await, said("done"));
    let before = one.resident();
    broker.hang();
    // 144 MB, of which 32 MiB may wait.
    for _ in 0..2400 {
        publish(&mut publisher, "a", &text).await;
    }
    publisher.send(r#"{"type":"say","text":"done"}"#).await;
    assert_eq!(publisher.text().await, said("done"));
    assert!(one.metric("wsgen_broker_dropped_total").await > 0.0);
    let grown = one.resident().saturating_sub(before) >> 10;
    // The allocator keeps some of what was dropped, more on a busy machine.
    assert!(grown < 80, "{grown} MiB");
    is_degraded(&one).await;
}
