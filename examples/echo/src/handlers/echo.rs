//! What happens at `/echo`.

use wsgen_runtime::{Error, Handler, Message, Reject};

use super::Handlers;
use crate::generated::echo::{Context, Echo, Request, Route};

impl Handler<Route> for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }
}

impl Echo for Handlers {
    async fn message(&self, cx: &mut Context<'_, Self>, message: Message) -> Result<(), Error> {
        cx.send(message).await
    }
}
