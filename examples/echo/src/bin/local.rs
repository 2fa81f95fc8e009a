//! Serves `local`: ws://localhost:8080

use std::process::ExitCode;

use echo::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/local.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::local(Handlers::default());
    server.serve(config).await
}
