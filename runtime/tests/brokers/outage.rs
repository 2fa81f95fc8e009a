//! The broker goes away and comes back.

use std::time::Duration;

use serde_json::Value;

use super::delivery::{MISSED, member, publish, said};
use super::resume::Resuming;
use super::server::{Broker, Relay, is_degraded, is_ready};
use super::{on, on_each_broker};
use crate::process::Process;
use crate::support::client::Client;
use crate::support::within;

on_each_broker! {
    fan_out_goes_on_and_the_gap_is_told,
    a_server_starts_without_its_broker,
    what_was_dropped_for_others_is_told_however_long_it_took,
    what_was_dropped_is_told_where_a_log_is_kept,
}

on!(
    on_redis_alone,
    Redis,
    who_comes_back_late_reads_the_new_log,
    of_a_log_that_is_not_whole_any_more_the_rest_is_read,
    nobody_is_recovered_from_a_log_that_lacks_what_was_dropped,
    a_log_that_has_what_seemed_lost_goes_on,
);

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

async fn what_was_dropped_for_others_is_told_however_long_it_took(broker: Broker) {
    what_was_dropped_is_told(&broker, "").await;
}

/// What never reached the log is not missing in it.
async fn what_was_dropped_is_told_where_a_log_is_kept(broker: Broker) {
    what_was_dropped_is_told(&broker, "[resume]\nchannels = [\"room\"]\n").await;
}

/// One server is cut off for longer than the others remember it, and drops something meanwhile.
async fn what_was_dropped_is_told(broker: &Broker, settings: &str) {
    let relay = Relay::to(broker.port).await;
    let one = broker.server_by(&relay, settings).await;
    let other = broker.server(settings).await;
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

const LOG: &str = "[resume]\nchannels = [\"room\"]\nmessages = 50\n";

/// The broker is started anew, and its log with it, while one server cannot reach it.
async fn who_comes_back_late_reads_the_new_log(mut broker: Broker) {
    let relay = Relay::to(broker.port).await;
    let late = broker.server_by(&relay, LOG).await;
    let (one, other) = (broker.server(LOG).await, broker.server(LOG).await);
    let (mut here, mut there) = (member(&other, "a").await, member(&late, "a").await);
    let mut publisher = one.client().await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(here.text().await, said("before"));
    assert_eq!(there.text().await, said("before"));
    relay.cut();
    broker.kill();
    is_degraded(&one).await;
    assert!(broker.start_again().await);
    is_ready(&one).await;
    is_ready(&other).await;
    let texts: Vec<String> = (0..40).map(|number| format!("after {number}")).collect();
    for text in &texts {
        publish(&mut publisher, "a", text).await;
    }
    while here.text().await != said(&texts[39]) {}
    is_degraded(&late).await;
    relay.mend();
    // What the old log had at its end is not known.
    gets_and_is_told(&mut there, &texts).await;
}

async fn of_a_log_that_is_not_whole_any_more_the_rest_is_read(broker: Broker) {
    let relay = Relay::to(broker.port).await;
    let late = broker.server_by(&relay, LOG).await;
    let (one, other) = (broker.server(LOG).await, broker.server(LOG).await);
    let (mut here, mut there) = (member(&other, "a").await, member(&late, "a").await);
    relay.cut();
    is_degraded(&late).await;
    let mut publisher = one.client().await;
    for number in 0..60 {
        publish(&mut publisher, "a", &number.to_string()).await;
    }
    // Another server has them once the log has.
    while here.text().await != said("59") {}
    relay.mend();
    let rest: Vec<String> = (10..60).map(|number| number.to_string()).collect();
    gets_and_is_told(&mut there, &rest).await;
}

/// A client was away, and so was a server that had to drop what it published meanwhile.
async fn nobody_is_recovered_from_a_log_that_lacks_what_was_dropped(broker: Broker) {
    let relay = Relay::to(broker.port).await;
    let one = broker.server_by(&relay, LOG).await;
    let other = broker.server(LOG).await;
    let mut here = member(&other, "a").await;
    let mut publisher = one.client().await;
    let (mut client, _) = Resuming::connect(other.address, &Value::Null).await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(client.text().await, "before");
    let position = client.position.clone();
    drop(client);
    relay.cut();
    is_degraded(&one).await;
    publish(&mut publisher, "a", "dropped").await;
    let text = "x".repeat(60_000);
    for _ in 0..1000 {
        publish(&mut publisher, "b", &text).await;
    }
    publish(&mut publisher, "a", "after").await;
    relay.mend();
    while here.text().await != said("after") {}
    let (mut client, recovered) = Resuming::connect(other.address, &position).await;
    assert_eq!(recovered, Some(false));
    publish(&mut publisher, "a", "the end").await;
    while client.text().await != "the end" {}
}

/// The broker hangs with a batch, and deals with it in the end: nothing is lacking.
async fn a_log_that_has_what_seemed_lost_goes_on(broker: Broker) {
    let (one, other) = (broker.server(LOG).await, broker.server(LOG).await);
    let mut publisher = one.client().await;
    let mut here = member(&other, "a").await;
    let (mut client, _) = Resuming::connect(other.address, &Value::Null).await;
    publish(&mut publisher, "a", "before").await;
    assert_eq!(client.text().await, "before");
    assert_eq!(here.text().await, said("before"));
    let position = client.position.clone();
    drop(client);
    broker.hang();
    publish(&mut publisher, "a", "meanwhile").await;
    is_degraded(&one).await;
    assert!(one.metric("wsgen_broker_dropped_total").await >= 1.0);
    broker.go_on();
    is_ready(&one).await;
    is_ready(&other).await;
    publish(&mut publisher, "a", "after").await;
    let (mut client, recovered) = Resuming::connect(other.address, &position).await;
    assert_eq!(recovered, Some(true));
    for text in ["meanwhile", "after"] {
        assert_eq!(client.text().await, text);
        assert_eq!(here.text().await, said(text));
    }
    // By then the next signs of life have come, and a gap would have been told.
    tokio::time::sleep(Duration::from_millis(700)).await;
    publish(&mut publisher, "a", "the end").await;
    assert_eq!(here.text().await, said("the end"));
}

/// All of these come, and before or after them that something was missed.
async fn gets_and_is_told(member: &mut Client, texts: &[String]) {
    let (mut came, mut is_told) = (0, false);
    while came < texts.len() || !is_told {
        match member.text().await {
            text if text == said(MISSED) => is_told = true,
            text => {
                assert_eq!(text, said(&texts[came]));
                came += 1;
            }
        }
    }
}
