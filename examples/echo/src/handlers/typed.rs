//! What happens at `/typed`.

use wsgen_runtime::{Error, Handler, Reject};

use super::Handlers;
use crate::generated::messages;
use crate::generated::typed::{Context, Request, Route, Typed};

impl Handler<Route> for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }
}

impl Typed for Handlers {
    async fn place_order(
        &self,
        _cx: &mut Context<'_, Self>,
        message: messages::Order,
    ) -> Result<messages::Order, Error> {
        Ok(message)
    }
}
