//! Serves `sandbox`: wss://sandbox.trading.example.com/ws
//!
//! It lets everybody in who reads this: nothing here is worth anything.

use std::process::ExitCode;

use trading::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/sandbox.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::sandbox(Handlers::with_keys("demo.demo"));
    server.serve(config).await
}
