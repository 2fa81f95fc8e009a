//! What happens at `/typed`.

use wsgen_runtime::{Error, Reject};

use super::Handlers;
use crate::generated::messages;
use crate::generated::typed::{Context, Request, Typed};

impl Typed for Handlers {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }

    async fn place_order(
        &self,
        _cx: &mut Context<'_, Self>,
        message: messages::Order,
    ) -> Result<messages::Order, Error> {
        Ok(message)
    }
}
