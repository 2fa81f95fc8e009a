//! Serves `production`: wss://chat.example.com/ws

use std::process::ExitCode;

use chat::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from_args("config/production.toml");
    let handlers = Handlers::default();
    servers::production(handlers).serve(config).await
}
