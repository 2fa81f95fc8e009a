//! Serves the application and its API on one listener until Ctrl-C or SIGTERM.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use axum_service::generated::servers;
use axum_service::{Notices, application};
use tokio::net::TcpListener;
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let notices = Notices::default();
    let config = match Config::from_args("config.toml") {
        Ok(config) => config,
        Err(exit) => return Ok(exit.report()),
    };
    let api = servers::application(notices.clone()).mount(config).await?;
    let application = application(notices, api.clone());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = application.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            stopped().await;
            api.drain().await;
        })
        .await?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C, or for SIGTERM, by which an orchestrator stops it. Without signals it waits for ever.
async fn stopped() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    };
    #[cfg(unix)]
    let terminated = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => drop(terminated.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
