//! Serves the application and its API on one listener until Ctrl-C.

use std::error::Error;
use std::net::SocketAddr;

use axum_service::generated::servers;
use axum_service::{Notices, application};
use tokio::net::TcpListener;
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let notices = Notices::default();
    let config = Config::from_args("config.toml");
    let api = servers::application(notices.clone()).mount(config).await?;
    let application = application(notices, api.clone());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = application.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // Without signals there is only the end of the process.
            if tokio::signal::ctrl_c().await.is_ok() {
                api.drain().await;
            }
        })
        .await?;
    Ok(())
}
