//! Traces by OpenTelemetry: a span for each connection that is sampled, and in it one for each message that is handled.
//!
//! Spans are those of `tracing`, so that what handlers open in theirs comes beneath. Connections that are not sampled have
//! none and cost next to nothing.

mod exporter;
mod otlp;
mod trace;

pub use exporter::Exporter;
pub use trace::{Step, Trace, note_failure};
use tracing::Metadata;

/// The target of the runtime's own spans: they are for traces, never for the log.
const TARGET: &str = "wsgen_runtime::telemetry";

/// Whether this is a span of the runtime's own, which is not for the log.
pub fn is_own_span(metadata: &Metadata<'_>) -> bool {
    metadata.target() == TARGET
}
