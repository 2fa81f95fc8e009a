//! Traces by OpenTelemetry, where the feature `otel` is on: a span for each connection that is drawn, and in it one for
//! each message that is handled.
//!
//! Without the feature none of this is in a message's way, and settings that ask for traces are a fault. Spans are those
//! of `tracing`, so that what handlers open in theirs comes beneath. Connections that are not drawn have none and cost
//! next to nothing.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod exporter;
#[cfg(feature = "otel")]
mod otlp;
#[cfg(feature = "otel")]
mod trace;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Exporter, Step, Trace, note};
#[cfg(feature = "otel")]
pub(crate) use exporter::Exporter;
#[cfg(feature = "otel")]
pub(crate) use trace::{Step, Trace, note};

use crate::config::Telemetry;

/// The target of the runtime's own spans: they are for traces, never for the log.
pub(crate) const TARGET: &str = "wsgen_runtime::telemetry";

/// Why a server with these settings must not start, if it must not.
pub(crate) fn fault(settings: &Telemetry) -> Option<String> {
    (settings.is_wanted() && cfg!(not(feature = "otel"))).then(|| {
        "[telemetry] is set, but this program was built without it: turn on the feature `otel` of wsgen-runtime"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_the_feature_are_a_fault() {
        let mut settings = Telemetry::default();
        assert_eq!(fault(&settings), None);
        settings.endpoint = "http://127.0.0.1:4318".to_owned();
        assert_eq!(fault(&settings).is_some(), cfg!(not(feature = "otel")));
    }
}
