//! Serves `dashboard`: wss://dashboard.example.com/live

use std::process::ExitCode;

use dashboard::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/dashboard.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::dashboard(Handlers::default());
    server.serve(config).await
}
