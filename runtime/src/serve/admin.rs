//! The admin listener: `/healthz` (the process lives), `/readyz` (send it connections) and `/metrics` (Prometheus).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::listen::accept::accept_all;
use crate::serve::front::http1_builder;
use crate::service::{Phase, Service};
use crate::upgrade::http::{self, Text, text};

/// Connections at once; for one more the oldest is closed, which has had its answer or asks for none.
const CONNECTIONS: usize = 16;

/// The descriptors that the public listener leaves: for this one, and some for files.
pub(crate) const DESCRIPTORS: usize = CONNECTIONS + 4;

/// Answers until dropped.
pub(crate) async fn run(service: &Arc<Service>, listener: TcpListener) {
    let errors = &service.metrics.accept_errors;
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    accept_all(&listener, errors, 0, |socket, _| {
        open.retain(|connection| !connection.is_finished());
        if open.len() >= CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        let service = service.clone();
        let connection = tokio::spawn(async move {
            let answer = service_fn(|request| {
                std::future::ready(Ok::<_, Infallible>(answer(&service, &request)))
            });
            // Whatever goes wrong here ends with the connection closed.
            let _ = http1_builder(&service.config)
                .serve_connection(TokioIo::new(socket), answer)
                .await;
        });
        open.push_back(connection.abort_handle());
    })
    .await;
}

fn answer(service: &Service, request: &Request<Incoming>) -> Response<Text> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed");
    }
    match request.uri().path() {
        "/healthz" => text(StatusCode::OK, "ok"),
        "/readyz" if service.progress.has_reached(Phase::Draining) => {
            text(StatusCode::SERVICE_UNAVAILABLE, "draining")
        }
        // Not a reason to send connections elsewhere: there they would miss this server's members as much.
        "/readyz" if service.others.is_degraded() => {
            text(StatusCode::OK, "degraded: no connection to the broker")
        }
        "/readyz" => text(StatusCode::OK, "ready"),
        "/metrics" => http::metrics(service.metrics_page()),
        _ => text(StatusCode::NOT_FOUND, "not found"),
    }
}
