//! The counters in Prometheus' text format, version 0.0.4.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;

use wsgen_topics::{BrokerMetrics, Counter};

use super::histogram::BOUNDS;
use super::{ChannelMetrics, Counters, ServerMetrics};
use crate::observe::log;

/// Everything, one line a value. `queued` is how many bytes wait in send queues now.
pub(crate) fn render(
    server: &ServerMetrics,
    channels: &[Arc<ChannelMetrics>],
    queued: usize,
) -> String {
    let mut page = Page(String::new());
    page.by_channel(
        "wsgen_connections",
        "gauge",
        "Open connections.",
        channels,
        |channel| channel.opened.get().saturating_sub(channel.ended.get()),
    );
    page.by_channel(
        "wsgen_connections_opened_total",
        "counter",
        "Connections that were upgraded.",
        channels,
        |channel| channel.opened.get(),
    );
    page.closed(channels);
    page.head(
        "wsgen_handshakes_rejected_total",
        "counter",
        "Connections refused before their upgrade.",
    );
    for (reason, count) in counts(&server.rejected) {
        page.line(
            "wsgen_handshakes_rejected_total",
            &[("reason", &reason)],
            count,
        );
    }
    page.by_message("received", channels, |channel| &channel.received);
    page.by_message("sent", channels, |channel| &channel.sent);
    for (name, help, counter) in CHANNEL_COUNTERS {
        page.by_channel(name, "counter", help, channels, |channel| {
            counter(channel).get()
        });
    }
    page.head(
        "wsgen_send_queue_bytes",
        "gauge",
        "Bytes that wait in send queues.",
    );
    page.line("wsgen_send_queue_bytes", &[], queued);
    page.head(
        "wsgen_accept_errors_total",
        "counter",
        "Failures to accept a connection.",
    );
    page.line("wsgen_accept_errors_total", &[], server.accept_errors.get());
    let name = "wsgen_log_lines_dropped_total";
    let help = "Lines of the log that standard error did not take.";
    page.head(name, "counter", help);
    page.line(name, &[], log::DROPPED.get());
    page.broker(&server.broker);
    page.durations(channels);
    page.0
}

type OfChannel = fn(&ChannelMetrics) -> &Counter;

/// Name, help and place of the counters that a channel has one of.
const CHANNEL_COUNTERS: [(&str, &str, OfChannel); 10] = [
    (
        "wsgen_bytes_received_total",
        "Bytes read after the upgrade.",
        |channel| &channel.bytes_received,
    ),
    (
        "wsgen_bytes_sent_total",
        "Bytes written after the upgrade.",
        |channel| &channel.bytes_sent,
    ),
    (
        "wsgen_compression_received_bytes_total",
        "Bytes of compressed messages that were received, as they were sent.",
        |channel| &channel.compression.received.compressed,
    ),
    (
        "wsgen_compression_received_plain_bytes_total",
        "Bytes of the same messages, inflated.",
        |channel| &channel.compression.received.plain,
    ),
    (
        "wsgen_compression_sent_bytes_total",
        "Bytes of messages that were sent compressed.",
        |channel| &channel.compression.sent.compressed,
    ),
    (
        "wsgen_compression_sent_plain_bytes_total",
        "Bytes of the same messages, before they were compressed.",
        |channel| &channel.compression.sent.plain,
    ),
    (
        "wsgen_slow_consumers_total",
        "Published messages that found a full send queue.",
        |channel| &channel.fan_out.slow_consumers,
    ),
    (
        "wsgen_messages_dropped_total",
        "Published messages dropped from full send queues.",
        |channel| &channel.fan_out.dropped,
    ),
    (
        "wsgen_handler_panics_total",
        "Panics of handlers.",
        |channel| &channel.panics,
    ),
    (
        "wsgen_blocked_workers_total",
        "Handlers that held a worker thread for over a second.",
        |channel| &channel.blocked,
    ),
];

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", Escaped(&text.to_string()));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn by_channel(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        channels: &[Arc<ChannelMetrics>],
        value: impl Fn(&ChannelMetrics) -> u64,
    ) {
        self.head(name, kind, help);
        for channel in channels {
            self.line(name, &[("channel", &channel.channel)], value(channel));
        }
    }

    fn by_message(
        &mut self,
        direction: &str,
        channels: &[Arc<ChannelMetrics>],
        counters: impl Fn(&ChannelMetrics) -> &Counters,
    ) {
        let name = format!("wsgen_messages_{direction}_total");
        self.head(&name, "counter", &format!("Messages {direction}."));
        for channel in channels {
            for (message, count) in counts(counters(channel)) {
                let labels: [(&str, &dyn Display); 2] =
                    [("channel", &channel.channel), ("message", &message)];
                self.line(&name, &labels, count);
            }
        }
    }

    fn closed(&mut self, channels: &[Arc<ChannelMetrics>]) {
        let name = "wsgen_connections_closed_total";
        self.head(name, "counter", "Connections that ended.");
        for channel in channels {
            for (initiator, codes) in ["server", "peer"].iter().zip(&channel.closed) {
                for (code, count) in counts(codes) {
                    let labels: [(&str, &dyn Display); 3] = [
                        ("channel", &channel.channel),
                        ("code", &code),
                        ("initiator", initiator),
                    ];
                    self.line(name, &labels, count);
                }
            }
        }
    }

    fn broker(&mut self, broker: &BrokerMetrics) {
        let name = "wsgen_broker_lag_seconds";
        self.head(name, "gauge", "How far other servers are behind.");
        self.line(name, &[], broker.lag_seconds());
        let name = "wsgen_broker_gaps_total";
        let help = "Times at which messages of other servers may have been missed.";
        self.head(name, "counter", help);
        self.line(name, &[], broker.gaps.get());
        let name = "wsgen_broker_dropped_total";
        let help = "Messages that other servers did not get, or perhaps not.";
        self.head(name, "counter", help);
        self.line(name, &[], broker.dropped.get());
        let name = "wsgen_recoveries_total";
        self.head(name, "counter", "Clients that came back to a topic.");
        for recovered in [true, false] {
            let count = broker.recoveries(recovered);
            self.line(name, &[("recovered", &recovered)], count);
        }
    }

    fn durations(&mut self, channels: &[Arc<ChannelMetrics>]) {
        let name = "wsgen_handler_duration_seconds";
        self.head(name, "histogram", "Time of handlers for one message.");
        for channel in channels {
            let histogram = &channel.handler_duration;
            let cumulative = histogram.cumulative();
            let bounds = BOUNDS.iter().map(|(_, label)| *label).chain(["+Inf"]);
            for (bound, count) in bounds.zip(cumulative) {
                let labels: [(&str, &dyn Display); 2] =
                    [("channel", &channel.channel), ("le", &bound)];
                self.line(&format!("{name}_bucket"), &labels, count);
            }
            let labels: [(&str, &dyn Display); 1] = [("channel", &channel.channel)];
            self.line(&format!("{name}_sum"), &labels, histogram.seconds());
            let all = cumulative[BOUNDS.len()];
            self.line(&format!("{name}_count"), &labels, all);
        }
    }
}

fn counts(counters: &Counters) -> Vec<(&'static str, u64)> {
    let counters = counters.lock();
    let counts = counters
        .iter()
        .map(|(label, counter)| (*label, counter.get()));
    counts.collect()
}

/// The value of a label; the document may call a channel anything.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => formatter.write_str("\\\\")?,
                '"' => formatter.write_str("\\\"")?,
                '\n' => formatter.write_str("\\n")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wsgen_protocol::wire::Traffic;

    use super::*;
    use crate::observe::metrics::ConnectionMetrics;

    #[test]
    fn a_page_has_every_metric_once_and_labels_are_escaped() {
        let channel = Arc::new(ChannelMetrics::new("a \"b\"\n\\"));
        let mut connection = ConnectionMetrics::open(channel.clone());
        connection.received("say");
        connection.received("say");
        connection.flush(&Traffic {
            received: 10,
            sent: 0,
            compressed: None,
        });
        let server = ServerMetrics::default();
        server.refused("origin");
        let page = render(&server, std::slice::from_ref(&channel), 7);
        let label = r#"channel="a \"b\"\n\\""#;
        for line in [
            format!("wsgen_connections{{{label}}} 1"),
            format!("wsgen_messages_received_total{{{label},message=\"say\"}} 2"),
            format!("wsgen_bytes_received_total{{{label}}} 10"),
            "wsgen_handshakes_rejected_total{reason=\"origin\"} 1".to_owned(),
            "wsgen_send_queue_bytes 7".to_owned(),
        ] {
            assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
        }
        let mut types: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("# TYPE"))
            .collect();
        let count = types.len();
        types.dedup();
        assert_eq!((types.len(), count), (24, 24));
        drop(connection);
        let page = render(&server, &[channel], 0);
        assert!(
            page.contains(&format!("wsgen_connections{{{label}}} 0\n")),
            "{page}"
        );
    }
}
