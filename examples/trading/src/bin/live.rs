//! Serves `live`: wss://trading.example.com/ws
//!
//! Whom it lets in: `TRADING_KEYS=ada.secret,grace.another cargo run --bin live`.

use std::process::ExitCode;

use trading::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/live.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::live(Handlers::from_environment());
    server.serve(config).await
}
