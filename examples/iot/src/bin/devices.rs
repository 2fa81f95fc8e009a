//! Serves `devices`: wss://devices.example.com/ws
//!
//! Whom it lets in: `DEVICE_KEYS=greenhouse-7.secret,greenhouse-8.another cargo run`.

use std::process::ExitCode;

use iot::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/devices.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::devices(Handlers::from_environment());
    server.serve(config).await
}
