//! What happens at `/fanout`.

use wsgen_runtime::{Error, Handler, Reject};

use super::Handlers;
use crate::generated::fanout::{Context, Fanout, Request, Route};

/// The topic of everybody.
const EVERYBODY: &str = "everybody";

impl Handler<Route> for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        cx.join(EVERYBODY).await;
        Ok(())
    }
}

impl Fanout for Handlers {
    async fn post_note(&self, cx: &mut Context<'_, Self>, message: String) -> Result<(), Error> {
        cx.publish(EVERYBODY, message);
        Ok(())
    }
}
