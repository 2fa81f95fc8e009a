//! Serves `development`: ws://localhost:8081/ws

use std::process::ExitCode;

use chat::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/development.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::development(Handlers::default());
    server.serve(config).await
}
