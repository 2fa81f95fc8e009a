//! What happens at `/rooms/{room}`: everything comes back.

use std::time::Duration;

use wsgen_runtime::{Bytes, Error, Handler, Reject};

use super::Handlers;
use crate::generated::messages::{Answer, Ask, Leave, Said, Say, Wait};
use crate::generated::room::{Context, Request, Room, Route};

impl Handler<Route> for Handlers {
    /// The name of the room.
    type Session = String;

    async fn connect(&self, request: Request) -> Result<String, Reject> {
        Ok(request.room)
    }
}

impl Room for Handlers {
    async fn say(&self, cx: &mut Context<'_, Self>, message: Say) -> Result<(), Error> {
        let room = cx.session.clone();
        let text = message.text;
        cx.send(Said { room, text }).await
    }

    async fn ask(&self, _cx: &mut Context<'_, Self>, message: Ask) -> Result<Answer, Error> {
        Ok(Answer {
            id: message.id,
            length: message.text.len().try_into().map_err(Error::from)?,
        })
    }

    async fn wait(&self, cx: &mut Context<'_, Self>, message: Wait) -> Result<(), Error> {
        tokio::time::sleep(Duration::from_millis(message.milliseconds)).await;
        let room = cx.session.clone();
        let text = "waited".to_owned();
        cx.send(Said { room, text }).await
    }

    async fn leave(&self, _cx: &mut Context<'_, Self>, message: Leave) -> Result<(), Error> {
        Err(Error::close(message.code.try_into()?, message.reason))
    }

    async fn take_bytes(&self, cx: &mut Context<'_, Self>, message: Bytes) -> Result<(), Error> {
        cx.send(message).await
    }
}
