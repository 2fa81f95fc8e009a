//! The log: one event is one line, whatever a peer sends.

mod lines;

use std::fmt;
use std::panic::PanicHookInfo;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{Log, LogFormat, LogLevel};
use crate::telemetry::{self, Exporter};
pub(crate) use lines::DROPPED;
use lines::Lines;

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
    let is_logged = filter_fn(move |metadata| {
        *metadata.level() <= level && metadata.target() != telemetry::TARGET
    });
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

/// Text that a peer may have chosen: cut, and on one line without control characters.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

/// How much of such a text is logged, in characters.
const LOGGED_CHARACTERS: usize = 300;

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LOGGED_CHARACTERS) {
            match character {
                '"' | '\'' => fmt::Write::write_char(formatter, character)?,
                _ => write!(formatter, "{}", character.escape_debug())?,
            }
        }
        if characters.next().is_some() {
            formatter.write_str("…")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_one_line() {
        let text = Escaped("a\n\x1b[31mb\u{202e}\"c\"").to_string();
        assert_eq!(text, "a\\n\\u{1b}[31mb\\u{202e}\"c\"");
        assert_eq!(Escaped(&"x".repeat(1000)).to_string().chars().count(), 301);
    }
}
