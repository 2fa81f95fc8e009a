//! Connections at `/`: the handlers of the project that `exchange.rs` makes.

use wsgen_runtime::{Handler, Reject};

use super::Handlers;
use crate::generated::socket::{Request, Route};

impl Handler<Route> for Handlers {
    type Session = Vec<u8>;

    async fn connect(&self, _request: Request) -> Result<Vec<u8>, Reject> {
        Ok(Vec::new())
    }
}
