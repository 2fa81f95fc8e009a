//! What happens at `/arenas/{arena}`.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use wsgen_runtime::{CloseReason, Error, Handler, Reject, Topics};

use super::Handlers;
use crate::generated::arena::{Arena, Context, Outbound, Request, Route};
use crate::generated::messages::{Direction, Steer, Stop, Welcome};

/// From one move of everybody to the next.
const TICK: Duration = Duration::from_millis(100);

/// Somebody who plays.
#[derive(Debug)]
pub struct Playing {
    arena: String,
    id: u64,
}

impl Handler<Route> for Handlers {
    type Session = Playing;

    async fn connect(&self, request: Request) -> Result<Playing, Reject> {
        let Request { arena, name, .. } = request;
        let id = self.boards().entry(arena.clone()).or_default().enter(name);
        Ok(Playing { arena, id })
    }

    async fn connected(&self, cx: &mut Context<'_, Self>) -> Result<(), Error> {
        cx.join(&cx.session.arena).await;
        let id = cx.session.id;
        cx.send(Welcome { id }).await
    }

    async fn disconnected(
        &self,
        session: Playing,
        _reason: CloseReason,
        _topics: &Topics<Outbound>,
    ) {
        let mut boards = self.boards();
        let goes_on = boards
            .get_mut(&session.arena)
            .is_some_and(|board| board.leave(session.id));
        if !goes_on {
            boards.remove(&session.arena);
        }
    }

    async fn background(&self, topics: Topics<Outbound>) {
        let mut clock = interval(TICK);
        // After a hiccup the game goes on at its pace instead of catching up.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            for (arena, board) in self.boards().iter_mut() {
                topics.publish(arena, board.tick());
            }
        }
    }
}

impl Arena for Handlers {
    async fn steer(&self, cx: &mut Context<'_, Self>, message: Steer) -> Result<(), Error> {
        self.turn(cx.session, Some(message.direction));
        Ok(())
    }

    async fn stop(&self, cx: &mut Context<'_, Self>, _message: Stop) -> Result<(), Error> {
        self.turn(cx.session, None);
        Ok(())
    }
}

impl Handlers {
    fn turn(&self, player: &Playing, heading: Option<Direction>) {
        if let Some(board) = self.boards().get_mut(&player.arena) {
            board.steer(player.id, heading);
        }
    }
}
