//! An echo, as the generated server of a document without messages has it: for conformance clients and measurements.
//!
//! `cargo run -p wsgen-runtime --example echo -- --config runtime/examples/echo.toml`

use std::process::ExitCode;

use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::{Config, Context, Error, Handshake, Message, Reject, Server};

struct Echo;

impl Endpoint for Echo {
    const CHANNEL: &'static str = "echo";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn receive(
        &self,
        context: &mut Context<'_, (), Message>,
        message: Message,
    ) -> Result<(), Error> {
        context.send(message).await
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args("examples/echo.toml") {
        Ok(config) => config,
        Err(exit) => return exit.report(),
    };
    Server::new("echo").route("/", Echo).serve(config).await
}
