//! From spans that have ended to the collector, by a bounded queue: one that is dead costs spans and nothing else.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{Request, Uri};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{DynFilterFn, LevelFilter};
use tracing_subscriber::registry::LookupSpan;
use wsgen_config::{SecretHeader, Telemetry};
use wsgen_https::{Client, target};

use crate::{TARGET, otlp};

/// Spans that wait to be sent; what ends beyond them is dropped.
const QUEUE: usize = 2048;

/// Spans in one request.
const BATCH: usize = 512;

/// How long spans wait for others to be sent with.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a server that ends waits for its last spans to be sent.
const FLUSH: Duration = Duration::from_secs(3);

/// The way to the collector.
#[derive(Debug)]
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// The way to the collector of the settings, if they name one; spans of `server` if they give no other name.
    ///
    /// # Errors
    /// An endpoint that is none; HTTPS on a machine that trusts nobody.
    pub fn new(settings: &Telemetry, server: &'static str) -> Result<Option<Self>, String> {
        if !settings.is_wanted() {
            return Ok(None);
        }
        let collector = Collector::new(settings, server)
            .map_err(|fault| format!("telemetry.endpoint: {fault}"))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(PAUSE);
        let queue = BatchSpanProcessor::builder(collector).with_batch_config(batches.build());
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue.build())
            // What is traced was drawn when the connection was opened.
            .with_sampler(Sampler::AlwaysOn);
        Ok(Some(Self(provider.build())))
    }

    /// Takes the spans of connections, and of what is opened and logged in them.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let is_traced = DynFilterFn::new(|metadata, context| {
            *metadata.level() <= Level::INFO
                && (metadata.target() == TARGET || context.lookup_current().is_some())
        });
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("wsgen-runtime"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(is_traced.with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends what has ended, within 3 s.
    pub async fn flush(self) {
        let (tell, told) = oneshot::channel();
        // It blocks; and a task that blocks would hold up the end of a program that does not wait for it.
        std::thread::spawn(move || tell.send(self.0.shutdown_with_timeout(FLUSH)));
        if !matches!(told.await, Ok(Ok(()))) {
            tracing::warn!("the last traces were not sent");
        }
    }
}

/// Sends batches; the thread of the queue calls it, and the server's runtime does the work.
#[derive(Debug)]
struct Collector {
    sender: Arc<Sender>,
    service: String,
    runtime: Handle,
    /// Whether the last batch was lost.
    is_lost: AtomicBool,
}

struct Sender {
    client: Client,
    uri: Uri,
    headers: Vec<SecretHeader>,
}

impl Collector {
    fn new(settings: &Telemetry, server: &'static str) -> Result<Self, String> {
        let uri = settings.collector().ok_or("no address of a collector")?;
        let client = match uri.scheme_str() {
            Some("https") => Client::new()?,
            _ => Client::in_the_clear(),
        };
        let service = match settings.service_name.as_str() {
            "" => server,
            name => name,
        };
        let headers = settings.headers.clone();
        Ok(Self {
            sender: Arc::new(Sender {
                client,
                uri,
                headers,
            }),
            service: service.to_owned(),
            runtime: Handle::try_current().map_err(|error| error.to_string())?,
            is_lost: AtomicBool::new(false),
        })
    }
}

impl SpanExporter for Collector {
    /// Says in the log when spans begin to be lost, and when that ends.
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let (sender, body) = (self.sender.clone(), otlp::request(&self.service, batch));
        let sent = self
            .runtime
            .spawn(async move { sender.send(body).await })
            .await;
        let sent = sent.unwrap_or_else(|error| Err(error.to_string()));
        let was_lost = self.is_lost.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(fault) if !was_lost => tracing::warn!(%fault, "traces are lost"),
            Ok(_) if was_lost => tracing::info!("traces are sent again"),
            _ => {}
        }
        sent.map(drop).map_err(OTelSdkError::InternalFailure)
    }
}

impl Sender {
    async fn send(&self, body: String) -> Result<String, String> {
        let request = Request::post(target(&self.uri)).header(CONTENT_TYPE, "application/json");
        let headers = self.headers.iter().map(SecretHeader::pair);
        let request = headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        self.client.send(&self.uri, request, body).await
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Sender").field(&self.uri).finish()
    }
}
