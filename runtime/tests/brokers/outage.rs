//! The broker goes away and comes back.

use std::time::Duration;

use super::delivery::{MISSED, member, publish, said};
use super::on_each_broker;
use super::server::{Broker, Relay, is_degraded, is_ready};
use crate::process::Process;
use crate::support::within;

on_each_broker! {
    fan_out_goes_on_and_the_gap_is_told,
    a_server_starts_without_its_broker,
    what_was_dropped_for_others_is_told_however_long_it_took,
}

async fn fan_out_goes_on_and_the_gap_is_told(mut broker: Broker) {
    let (one, other) = (broker.server("").await, broker.server("").await);
    let (mut here, mut there) = (member(&one, "a").await, member(&other, "a").await);
    let mut publisher = one.client().await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(here.text().await, said("before"));
    assert_eq!(there.text().await, said("before"));

    broker.kill();
    is_degraded(&one).await;
    is_degraded(&other).await;
    for number in 0..500 {
        let text = format!("without {number}");
        publish(&mut publisher, "a", &text).await;
        assert_eq!(here.text().await, said(&text));
    }
    assert!(one.metric("wsgen_broker_lag_seconds").await > 0.0);

    assert!(broker.start_again().await);
    is_ready(&one).await;
    is_ready(&other).await;
    publish(&mut publisher, "a", "after").await;
    let mut missed = 0;
    let mut last = String::new();
    while last != said("after") {
        last = here.text().await;
        missed += usize::from(last == said(MISSED));
    }
    assert!(missed >= 1, "the gap was not told");
    // What waited comes, in order, and what does not is told.
    let (mut missed, mut last, mut next) = (0, String::new(), 0);
    while last != said("after") {
        last = there.text().await;
        if last == said(MISSED) {
            missed += 1;
        } else if last != said("after") {
            let number = (next..500).find(|number| last == said(&format!("without {number}")));
            next = number.unwrap_or_else(|| panic!("{last} after {next}")) + 1;
        }
    }
    assert!(missed >= 1, "the gap was not told");
    assert!(one.metric("wsgen_broker_gaps_total").await >= 1.0);
}

async fn a_server_starts_without_its_broker(mut broker: Broker) {
    for settings in ["", "[resume]\nchannels = [\"room\"]\n"] {
        broker.kill();
        let one = Process::start(&broker.settings(settings), 256);
        is_degraded(&one).await;
        let mut here = member(&one, "a").await;
        publish(&mut one.client().await, "a", "alone").await;
        assert_eq!(here.text().await, said("alone"));
        assert!(broker.start_again().await);
        is_ready(&one).await;
        // Others may have been there before.
        assert_eq!(here.text().await, said(MISSED));
        let other = broker.server(settings).await;
        publish(&mut other.client().await, "a", "together").await;
        assert_eq!(here.text().await, said("together"));
    }
}

/// One server is cut off for longer than the others remember it, and drops something meanwhile.
async fn what_was_dropped_for_others_is_told_however_long_it_took(broker: Broker) {
    let relay = Relay::to(broker.port).await;
    let one = broker.server_by(&relay).await;
    let other = broker.server("").await;
    let mut there = member(&other, "a").await;
    let mut publisher = one.client().await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(there.text().await, said("before"));
    // By then the other knows that there is one: signs of life are due each 0.5 s.
    tokio::time::sleep(Duration::from_millis(700)).await;
    relay.cut();
    other.logs("another server gives no sign of life").await;
    // More than may wait for the broker.
    let text = "x".repeat(60_000);
    for _ in 0..1000 {
        publish(&mut publisher, "a", &text).await;
    }
    within(async { while one.metric("wsgen_broker_dropped_total").await == 0.0 {} }).await;
    assert_eq!(other.metric("wsgen_broker_gaps_total").await, 0.0);
    relay.mend();
    while there.text().await != said(MISSED) {}
    assert!(other.metric("wsgen_broker_gaps_total").await >= 1.0);
}
