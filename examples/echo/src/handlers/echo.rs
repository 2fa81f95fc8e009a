//! What happens at `/echo`.

use wsgen_runtime::{Error, Message, Reject};

use super::Handlers;
use crate::generated::echo::{Context, Echo, Request};

impl Echo for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }

    async fn message(&self, cx: &mut Context<'_, Self>, message: Message) -> Result<(), Error> {
        cx.send(message).await
    }
}
