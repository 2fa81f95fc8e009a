//! The broker goes away and comes back.

use std::time::Duration;

use super::delivery::{member, publish, said};
use super::on_each_broker;
use super::server::{Broker, is_ready};
use crate::support::TestServer;

on_each_broker! {
    fan_out_goes_on_and_the_gap_is_told,
    a_server_starts_without_its_broker,
}

async fn is_degraded(server: &TestServer) {
    loop {
        let page = server.admin_page("/readyz").await;
        if page.contains("degraded") {
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn fan_out_goes_on_and_the_gap_is_told(mut broker: Broker) {
    let settings = "[limits]\nsend_queue_messages = 1000";
    let (one, other) = (broker.server(settings).await, broker.server(settings).await);
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
        missed += usize::from(last == said("something of a was missed"));
    }
    assert!(missed >= 1, "the gap was not told");
    // What waited comes, in order, and what does not is told.
    let (mut missed, mut last, mut next) = (0, String::new(), 0);
    while last != said("after") {
        last = there.text().await;
        if last == said("something of a was missed") {
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
    broker.kill();
    let one = TestServer::with(&broker.settings("")).await;
    is_degraded(&one).await;
    let mut here = member(&one, "a").await;
    publish(&mut one.client().await, "a", "alone").await;
    assert_eq!(here.text().await, said("alone"));
    assert!(broker.start_again().await);
    is_ready(&one).await;
    let other = broker.server("").await;
    publish(&mut other.client().await, "a", "together").await;
    while here.text().await != said("together") {}
}
