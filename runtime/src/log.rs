//! The log: one event is one line, whatever a peer sends.

use std::fmt;
use std::panic::PanicHookInfo;

use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat, LogLevel};

/// Sends `tracing` events to standard error as the configuration says, panics too. Only the first call counts, and a
/// subscriber that the program has installed itself stays.
pub(crate) fn install(log: &Log) {
    let level = match log.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false);
    let installed = match log.format {
        LogFormat::Text => {
            tracing::subscriber::set_global_default(builder.with_ansi(false).finish())
        }
        LogFormat::Json => {
            tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish())
        }
    };
    if installed.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
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
