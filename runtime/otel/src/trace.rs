//! The spans of a connection and of its handlers.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::instrument::{Instrument, Instrumented};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use wsgen_config::Telemetry;
use wsgen_protocol::close::code;
use wsgen_protocol::{CloseReason, random};

use crate::TARGET;

/// The span of a connection that was drawn; a disabled one of any other.
#[derive(Debug)]
pub struct Trace {
    span: Span,
    channel: &'static str,
}

impl Trace {
    /// Begins the span of a connection, as a child of what its `traceparent` names. Whether it is traced is drawn by chance,
    /// but where the peer is believed and has a trace, it decides.
    pub fn begin(
        settings: &Telemetry,
        headers: &HeaderMap,
        is_believed: bool,
        channel: &'static str,
    ) -> Self {
        let parent = settings.is_wanted().then(|| parent(headers)).flatten();
        let is_traced = settings.is_wanted()
            && match &parent {
                Some(parent) if is_believed => parent.is_sampled(),
                _ => random::fraction() < settings.sampling,
            };
        let span = match is_traced {
            true => connection_span(channel, parent),
            false => Span::none(),
        };
        Self { span, channel }
    }

    /// Begins the span of a handler, which runs in [`Step::around`]; `name` is its message's, or a word of this crate.
    pub fn step(&self, name: &'static str) -> Step {
        // The child of a disabled span would begin a trace.
        if self.span.is_disabled() {
            return Step(Span::none());
        }
        let channel = self.channel;
        Step(tracing::info_span!(
            target: TARGET,
            parent: &self.span,
            "handler",
            otel.name = %format_args!("{channel} {name}"),
            otel.kind = "server",
            otel.status_code = field::Empty,
            wsgen.channel = channel,
            wsgen.handler = name,
        ))
    }

    /// Says how the connection ended. Its span ends with this value.
    pub fn end(&self, reason: &CloseReason) {
        if let Some(code) = reason.code {
            self.span.record("wsgen.close.code", i64::from(code));
        }
        let initiator = reason.initiator.as_str();
        self.span.record("wsgen.close.initiator", initiator);
        if reason.code == Some(code::INTERNAL_ERROR) {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

/// The span of a handler.
#[derive(Debug)]
pub struct Step(Span);

impl Step {
    /// Runs the handler in its span, which ends with it.
    pub fn around<F: Future>(self, handler: F) -> Instrumented<F> {
        handler.instrument(self.0)
    }
}

/// Notes in the span of the handler that runs here that it failed.
pub fn note_failure() {
    Span::current().record("otel.status_code", "ERROR");
}

/// Nothing of the request is in it but the parent: neither its path nor its query, nor who it is.
fn connection_span(channel: &'static str, parent: Option<SpanContext>) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "connection",
        otel.name = channel,
        otel.kind = "server",
        otel.status_code = field::Empty,
        wsgen.channel = channel,
        wsgen.close.code = field::Empty,
        wsgen.close.initiator = field::Empty,
    );
    if let Some(parent) = parent {
        // Without the trace state, which is of any length.
        let (trace, span_id) = (parent.trace_id(), parent.span_id());
        let parent = SpanContext::new(trace, span_id, TraceFlags::SAMPLED, true, TraceState::NONE);
        // Without a layer that knows of traces there is nothing to set.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    span
}

/// What the header `traceparent` names (W3C Trace Context, section 3.2), if there is one that is right.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Parent(headers));
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

/// The header `traceparent` alone.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = (key == "traceparent").then(|| self.0.get(key)).flatten();
        value?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}
