//! Orders decoded by hand on wsgen's runtime: what the generated code of `/typed` is measured against.

use wsgen_runtime::codegen::Endpoint;
use wsgen_runtime::{Context, Error, Handshake, Message, Reject};

/// The path of it.
pub(crate) const PATH: &str = "/typed-by-hand";

pub(super) struct ByHand;

impl Endpoint for ByHand {
    const CHANNEL: &'static str = "by hand";
    type Session = ();
    type Inbound = Message;
    type Outbound = Message;

    async fn connect(&self, _handshake: Handshake) -> Result<(), Reject> {
        Ok(())
    }

    async fn receive(
        &self,
        cx: &mut Context<'_, (), Message>,
        message: Message,
    ) -> Result<(), Error> {
        let reply = super::order::echoed(message.as_bytes())
            .map_err(|error| Error::internal(error.to_string()))?;
        cx.send(reply).await
    }
}
