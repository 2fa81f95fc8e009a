//! What happens on the channel `audio`: the handlers of the project that `exchange.rs` makes.

use wsgen_runtime::{Bytes, Error};

use super::Handlers;
use crate::generated::socket::{Audio, Context};

impl Audio for Handlers {
    async fn send_audio(&self, cx: &mut Context<'_, Self>, message: Bytes) -> Result<(), Error> {
        cx.session.extend_from_slice(&message);
        Ok(())
    }
}
