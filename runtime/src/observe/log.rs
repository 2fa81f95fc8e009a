//! The log: one event is one line, whatever a peer sends.

mod lines;

use std::panic::PanicHookInfo;

pub(crate) use lines::DROPPED;
use lines::Lines;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use wsgen_config::{Log, LogFormat, LogLevel};
use wsgen_protocol::Escaped;

use crate::observe::telemetry::{self, Exporter};

/// Sends `tracing` events to standard error as the configuration says, panics too, and spans to the exporter. Only the
/// first call counts, and a subscriber that the program has installed itself stays.
pub(crate) fn install(log: &Log, exporter: Option<&Exporter>) {
    let level = match log.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| Lines)
        .with_target(false);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let is_logged =
        filter_fn(move |metadata| *metadata.level() <= level && !telemetry::is_own_span(metadata));
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(is_logged.with_max_level_hint(level)))
        .with(exporter.map(Exporter::layer));
    let is_installed = tracing::subscriber::set_global_default(subscriber).is_ok();
    if is_installed {
        std::panic::set_hook(Box::new(log_panic));
    } else if exporter.is_some() {
        tracing::warn!(
            "[telemetry]: spans are left to the subscriber that the program has installed itself"
        );
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref().map(String::as_str));
    let message = message.unwrap_or("a value that is no text");
    let location = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(message = "panic", location, panic = %Escaped(message));
}
