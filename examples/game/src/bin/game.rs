//! Serves `game`: wss://game.example.com

use std::process::ExitCode;

use game::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("config/game.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    let server = servers::game(Handlers::default());
    server.serve(config).await
}
