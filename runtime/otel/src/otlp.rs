//! Spans as the JSON of OTLP, version 1 ("JSON Protobuf Encoding": identifiers in hexadecimal, 64-bit numbers as text).

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanKind, Status};
use opentelemetry::{Array, KeyValue, SpanId, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value as Json, json};

/// `ExportTraceServiceRequest`: spans of one service.
pub(crate) fn request(service: &str, spans: Vec<SpanData>) -> String {
    let service = [KeyValue::new("service.name", service.to_owned())];
    let scope = json!({"name": "wsgen-runtime", "version": env!("CARGO_PKG_VERSION")});
    let spans: Vec<Json> = spans.iter().map(span).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": attributes(&service)},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]})
    .to_string()
}

fn span(span: &SpanData) -> Json {
    let parent = span.parent_span_id;
    json!({
        "traceId": span.span_context.trace_id().to_string(),
        "spanId": span.span_context.span_id().to_string(),
        "parentSpanId": if parent == SpanId::INVALID { String::new() } else { parent.to_string() },
        "name": span.name,
        "kind": kind(&span.span_kind),
        "startTimeUnixNano": nanoseconds(span.start_time),
        "endTimeUnixNano": nanoseconds(span.end_time),
        "attributes": attributes(&span.attributes),
        "droppedAttributesCount": span.dropped_attributes_count,
        "events": span.events.iter().map(event).collect::<Vec<Json>>(),
        "droppedEventsCount": span.events.dropped_count,
        "links": span.links.iter().map(link).collect::<Vec<Json>>(),
        "droppedLinksCount": span.links.dropped_count,
        "status": status(&span.status),
    })
}

fn event(event: &Event) -> Json {
    json!({
        "timeUnixNano": nanoseconds(event.timestamp),
        "name": event.name,
        "attributes": attributes(&event.attributes),
    })
}

fn link(link: &Link) -> Json {
    json!({
        "traceId": link.span_context.trace_id().to_string(),
        "spanId": link.span_context.span_id().to_string(),
        "attributes": attributes(&link.attributes),
    })
}

const fn kind(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn status(status: &Status) -> Json {
    match status {
        Status::Unset => json!({}),
        Status::Ok => json!({"code": 1}),
        Status::Error { description } => json!({"code": 2, "message": description}),
    }
}

fn nanoseconds(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}

fn attributes(attributes: &[KeyValue]) -> Vec<Json> {
    let attribute =
        |pair: &KeyValue| json!({"key": pair.key.as_str(), "value": value(&pair.value)});
    attributes.iter().map(attribute).collect()
}

fn value(value: &Value) -> Json {
    match value {
        Value::Bool(value) => boolean(value),
        Value::I64(value) => integer(value),
        Value::F64(value) => double(value),
        Value::String(value) => string(value),
        Value::Array(Array::Bool(values)) => array(values, boolean),
        Value::Array(Array::I64(values)) => array(values, integer),
        Value::Array(Array::F64(values)) => array(values, double),
        Value::Array(Array::String(values)) => array(values, string),
        // Whatever else there may come to be has a text.
        other => json!({"stringValue": other.as_str()}),
    }
}

fn array<T>(values: &[T], one: fn(&T) -> Json) -> Json {
    json!({"arrayValue": {"values": values.iter().map(one).collect::<Vec<Json>>()}})
}

fn boolean(value: &bool) -> Json {
    json!({"boolValue": value})
}

fn integer(value: &i64) -> Json {
    json!({"intValue": value.to_string()})
}

fn double(value: &f64) -> Json {
    json!({"doubleValue": value})
}

fn string(value: &StringValue) -> Json {
    json!({"stringValue": value.as_str()})
}
