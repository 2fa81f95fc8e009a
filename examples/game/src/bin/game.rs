//! Serves `game`: wss://game.example.com

use std::process::ExitCode;

use game::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from_args("config/game.toml");
    let server = servers::game(Handlers::default());
    server.serve(config).await
}
