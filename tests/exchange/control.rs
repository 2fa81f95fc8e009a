//! What happens on the channel `control`: the handlers of the project that `exchange.rs` makes.

use wsgen_runtime::Error;

use super::Handlers;
use crate::generated::messages::{
    Completed, CompletedHeader, CompletedHeaderName, Start, Started, StartedHeader,
    StartedHeaderName, Stop,
};
use crate::generated::socket::{Context, Control};

impl Control for Handlers {
    async fn start_transcription(&self, cx: &mut Context<'_, Self>, message: Start) -> Result<Started, Error> {
        cx.session.clear();
        let header = StartedHeader { id: message.header.id, name: StartedHeaderName::Started };
        Ok(Started { header })
    }

    async fn stop_transcription(&self, cx: &mut Context<'_, Self>, message: Stop) -> Result<Completed, Error> {
        let header = CompletedHeader { id: message.header.id, name: CompletedHeaderName::Completed };
        Ok(Completed { header, bytes: cx.session.len() as u64 })
    }
}
