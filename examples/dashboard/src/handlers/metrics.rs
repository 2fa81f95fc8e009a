//! What happens at `/metrics`.

use std::time::Duration;

use wsgen_runtime::{Error, Handler, Reject, Topics};

use super::Handlers;
use crate::generated::messages::{Alert, Metric, Sample, Snapshot, Subscribe, Unsubscribe};
use crate::generated::metrics::{Context, Metrics, Outbound, Request, Route};
use crate::shop;

impl Handler<Route> for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }

    async fn background(&self, topics: Topics<Outbound>) {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        for second in 0.. {
            clock.tick().await;
            for metric in shop::METRICS {
                self.push(&topics, metric, shop::measure(metric, second));
            }
        }
    }
}

impl Metrics for Handlers {
    async fn subscribe(
        &self,
        cx: &mut Context<'_, Self>,
        Subscribe { metric }: Subscribe,
    ) -> Result<(), Error> {
        cx.join(topic(metric)).await;
        let values = self.history().of(metric);
        cx.send(Snapshot { metric, values }).await
    }

    async fn unsubscribe(
        &self,
        cx: &mut Context<'_, Self>,
        Unsubscribe { metric }: Unsubscribe,
    ) -> Result<(), Error> {
        cx.leave(topic(metric));
        Ok(())
    }
}

impl Handlers {
    /// Tells the screens that show `metric` what it is now.
    fn push(&self, topics: &Topics<Outbound>, metric: Metric, value: f64) {
        self.history().add(metric, value);
        topics.publish(topic(metric), Sample { metric, value });
        let limit = shop::limit(metric);
        if value > limit {
            let alert = Alert {
                metric,
                value,
                limit,
            };
            topics.publish(topic(metric), alert);
        }
    }
}

/// Where the samples of a metric are published.
const fn topic(metric: Metric) -> &'static str {
    match metric {
        Metric::Visitors => "visitors",
        Metric::OrdersPerMinute => "orders",
        Metric::RevenuePerMinute => "revenue",
    }
}
