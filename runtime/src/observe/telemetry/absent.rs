//! What stands for traces in a program that was built without them: nothing.

use std::convert::Infallible;

use hyper::HeaderMap;
use tracing::Metadata;
use tracing_subscriber::layer::Identity;
use wsgen_config::Telemetry;
use wsgen_protocol::CloseReason;

/// There is none.
pub(crate) struct Exporter(Infallible);

impl Exporter {
    /// None; settings that ask for one are a [`fault`](super::fault).
    ///
    /// # Errors
    /// Never.
    pub(crate) const fn new(_: &Telemetry, _: &'static str) -> Result<Option<Self>, String> {
        Ok(None)
    }

    pub(crate) const fn layer(&self) -> Identity {
        match self.0 {}
    }

    pub(crate) async fn flush(self) {
        match self.0 {}
    }
}

/// Nothing is known of a connection.
pub(crate) struct Trace;

impl Trace {
    pub(crate) const fn begin(_: &Telemetry, _: &HeaderMap, _: bool, _: &'static str) -> Self {
        Self
    }

    pub(crate) const fn step(&self, _: &'static str) -> Step {
        Step
    }

    pub(crate) const fn end(&self, _: &CloseReason) {}
}

/// Nothing is known of a handler.
pub(crate) struct Step;

impl Step {
    pub(crate) fn around<F: Future>(self, handler: F) -> F {
        handler
    }
}

/// There is no span to note it in.
pub(crate) const fn note_failure() {}

/// There are no spans.
pub(crate) const fn is_own_span(_: &Metadata<'_>) -> bool {
    false
}
