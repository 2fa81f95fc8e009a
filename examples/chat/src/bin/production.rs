//! Serves `production`: wss://chat.example.com/ws

use std::process::ExitCode;

use chat::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/production.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::production(Handlers::default());
    server.serve(config).await
}
