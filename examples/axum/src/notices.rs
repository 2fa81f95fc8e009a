//! The notices: what the application's own routes and the handlers of the API share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wsgen_runtime::{Error, Handler, Reject, Topics};

use crate::generated::messages::{Notice, Read};
use crate::generated::notices::{self, Context, Outbound, Request, Route};

/// The topic that every connection joins.
const EVERYBODY: &str = "everybody";

/// How many notices were posted. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    count: Arc<AtomicU64>,
}

impl Notices {
    /// Posts a notice to everybody who is connected; its number.
    pub(crate) fn post(&self, topics: &Topics<Outbound>, text: String) -> u64 {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        topics.publish(EVERYBODY, Notice { number, text });
        number
    }
}

impl Handler<Route> for Notices {
    type Session = ();

    async fn connect(&self, _request: Request) -> Result<(), Reject> {
        Ok(())
    }

    async fn connected(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        cx.join(EVERYBODY).await;
        Ok(())
    }
}

impl notices::Notices for Notices {
    async fn confirm(&self, cx: &mut Context<'_, Self>, message: Read) -> Result<(), Error> {
        if message.number > self.count.load(Ordering::Relaxed) {
            return Err(Error::close(4000, "nobody has posted that yet"));
        }
        println!("{} was read by {}", message.number, cx.peer());
        Ok(())
    }
}
