//! Serves `dashboard`: wss://dashboard.example.com/live

use std::process::ExitCode;

use dashboard::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from_args("config/dashboard.toml");
    let server = servers::dashboard(Handlers::default());
    server.serve(config).await
}
