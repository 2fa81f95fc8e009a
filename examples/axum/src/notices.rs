//! The notices: what the application's own routes and the handlers of the API share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast;
use wsgen_runtime::{Error, Handler, Reject, Topics};

use crate::generated::messages::{Notice, Read};
use crate::generated::notices::{self, Context, Outbound, Request, Route};

/// The topic that every connection joins.
const EVERYBODY: &str = "everybody";

/// Notices on their way to everybody. Clones are the same.
#[derive(Clone, Debug)]
pub struct Notices {
    posted: broadcast::Sender<Notice>,
    count: Arc<AtomicU64>,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            posted: broadcast::Sender::new(64),
            count: Arc::default(),
        }
    }
}

impl Notices {
    /// Tells everybody who is connected; the number of the notice.
    pub(crate) fn publish(&self, text: String) -> u64 {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        // Before the server runs nobody is there to be told.
        let _ = self.posted.send(Notice { number, text });
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

    async fn background(&self, topics: Topics<Outbound>) {
        let mut posted = self.posted.subscribe();
        loop {
            match posted.recv().await {
                Ok(notice) => {
                    topics.publish(EVERYBODY, notice);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
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
