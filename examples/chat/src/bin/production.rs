//! Serves `production`: wss://chat.example.com/ws

use std::process::ExitCode;

use chat::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from_args("config/production.toml");
    let server = servers::production(Handlers::default());
    server.serve(config).await
}
