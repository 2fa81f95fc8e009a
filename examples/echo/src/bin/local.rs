//! Serves `local`: ws://localhost:8080

use std::process::ExitCode;

use echo::{Handlers, generated::servers};
use wsgen_runtime::Config;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from_args("config/local.toml");
    let server = servers::local(Handlers::default());
    server.serve(config).await
}
