//! What comes from other servers, and what clients get that come back.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::event::TopicEvent;
use crate::history::{Arrival, Kept, Log, Logged, Missed};
use crate::hub::{Hub, Joining, lock};
use crate::outbox::{Delivery, POSITION};
use crate::position::{Position, announcement, greeting};

/// How long joining waits for the broker, and how much of that a client that comes back waits for what another server has
/// not passed on yet.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
const TO_RECOVER: Duration = Duration::from_secs(1);

/// How joining a topic went for a client that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It did not come back, or the channel has no `resume`.
    None,
    /// It gets so many messages that it missed, which is all of them.
    Complete(usize),
    /// What it missed is not known any more: it needs the whole state anew.
    Lost,
}

impl Hub {
    /// A message of another server, on a topic without a log at the broker.
    pub fn receive(&self, topic: &str, kept: Kept) {
        self.at(topic, |known| {
            let (message, name) = (kept.message.clone(), kept.name);
            let position = known.history.as_mut().and_then(|history| {
                history.count(kept);
                history.position()
            });
            self.deliver(topic, known, (&message, name), None, position);
        });
    }

    /// A message of the broker's log, of ours or of another server.
    pub fn receive_logged(&self, topic: &str, logged: Logged) {
        let us = self.us();
        self.at(topic, |known| {
            let Some(history) = &mut known.history else {
                return;
            };
            let (message, name) = (logged.kept.message.clone(), logged.kept.name);
            let arrival = history.arrive(logged, us);
            self.tell_those_who_wait();
            match arrival {
                Arrival::Deliver(position) => {
                    self.deliver(topic, known, (&message, name), None, Some(position));
                }
                Arrival::Known | Arrival::Held => {}
                Arrival::Hole => {
                    if let Some(bridge) = self.bridge() {
                        bridge.read_log_anew(self.key(topic));
                    }
                }
            }
        });
    }

    /// Where to read a topic's log from, to be on track again; `None` if nobody needs it.
    pub fn track_from(&self, topic: &str) -> Option<Option<(u64, u64)>> {
        self.at(topic, |known| Some(known.history.as_ref()?.track_from()))?
    }

    /// The log was read: members get what they have missed, or are told.
    pub fn catch_up(&self, topic: &str, log: Log) {
        let us = self.us();
        self.at(topic, |known| {
            let Some(history) = &mut known.history else {
                return;
            };
            let (delivered, has_hole) = history.catch_up(log, us);
            self.tell_those_who_wait();
            for (kept, position) in delivered {
                let message = (&kept.message, kept.name);
                self.deliver(topic, known, message, None, Some(position));
            }
            if has_hole {
                known.tell(&TopicEvent::Missed(topic.into()));
            }
        });
    }

    /// The connection to the broker is lost: nobody can resume from where they are now.
    pub fn lose_track(&self) {
        for shard in self.shards() {
            for known in shard.values() {
                if let Some(history) = &mut lock(known).history {
                    history.lose_track();
                }
            }
        }
        self.tell_those_who_wait();
    }

    /// Messages of other servers may be missing: members are told, where no log can say what they were. No log has what
    /// another server had to drop.
    pub fn has_missed(&self, were_dropped: bool) {
        if self.is_logged() && !were_dropped {
            return;
        }
        for shard in self.shards() {
            for (topic, known) in shard.iter() {
                let mut known = lock(known);
                if let Some(history) = &mut known.history
                    && !self.is_logged()
                {
                    history.begin_anew();
                }
                known.tell(&TopicEvent::Missed((&**topic).into()));
            }
        }
    }

    /// Adds a member whose client was at `position`, if it was somewhere, and sends it what it has missed. It is told
    /// where it is.
    pub async fn resume(
        &self,
        topic: &str,
        joining: &Joining<'_>,
        position: Option<Position>,
        until: Instant,
    ) -> Recovery {
        let recovery = match position {
            None => Recovery::Lost,
            Some(position) => {
                let until = until.min(Instant::now() + TO_RECOVER);
                timeout_at(until, self.recover(topic, joining, position))
                    .await
                    .unwrap_or(Recovery::Lost)
            }
        };
        if recovery == Recovery::Lost {
            self.join_at(topic, joining, Some(false), until).await;
        }
        if let Some(metrics) = self.broker_metrics() {
            metrics.recovered(recovery != Recovery::Lost);
        }
        recovery
    }

    async fn recover(&self, topic: &str, joining: &Joining<'_>, position: Position) -> Recovery {
        let mut read: Vec<Kept> = Vec::new();
        loop {
            // Made before the look, so that no change in between is missed.
            let change = self.learnt();
            let log = match self.try_recover(topic, joining, &position, &read) {
                Ok(recovery) => return recovery,
                Err(Missed::Before) => match self.bridge() {
                    Some(bridge) if self.is_logged() => {
                        let after = (position.epoch, position.offset);
                        let log = bridge.read(self.key(topic), after).await;
                        log.and_then(|log| log.all_after(after))
                    }
                    _ => None,
                },
                Err(_) => {
                    change.await;
                    continue;
                }
            };
            match log {
                // Else the log grew faster than it was read.
                Some(after) if after.len() > read.len() => read = after,
                _ => return Recovery::Lost,
            }
        }
    }

    /// Under one lock: what was missed is queued, and what comes from then on follows.
    fn try_recover(
        &self,
        topic: &str,
        joining: &Joining<'_>,
        position: &Position,
        read: &[Kept],
    ) -> Result<Recovery, Missed> {
        let us = self.us();
        self.at_or_new(topic, |known| {
            let Some(history) = &known.history else {
                return Ok(Recovery::Lost);
            };
            let missed = match history.missed(position, read, us) {
                Missed::These(missed) => missed,
                Missed::Unknown => return Ok(Recovery::Lost),
                other => return Err(other),
            };
            let outbox = joining.outbox;
            let bytes = missed.iter().map(|(kept, _)| kept.message.len()).sum();
            if !outbox.has_room_for(missed.len() + 1, bytes) {
                // It would be closed for being slow, come back, and be closed again. Perhaps there is room in a moment.
                return Err(Missed::Wait);
            }
            let mark = self.mark(topic);
            if joining.is_told {
                let greeting = greeting(topic, Some(true), Some(*position));
                self.is_delivered(outbox.publish(Delivery::to_one(greeting, POSITION), None, mark));
            }
            let count = missed.len();
            for (kept, position) in missed {
                let before = joining.is_told.then(|| announcement(topic, Some(position)));
                let delivery = Delivery::to_one(kept.message, kept.name);
                self.is_delivered(outbox.publish(delivery, before, mark));
            }
            self.insert(known, joining);
            Ok(Recovery::Complete(count))
        })
    }

    /// Adds a member, and tells its client where it is.
    pub async fn join_and_greet(&self, topic: &str, joining: &Joining<'_>, until: Instant) {
        self.join_at(topic, joining, None, until).await;
    }

    async fn join_at(
        &self,
        topic: &str,
        joining: &Joining<'_>,
        recovered: Option<bool>,
        until: Instant,
    ) {
        // The topic must be followed before it is known where that is; the member comes last, so that all it gets is
        // after the greeting.
        self.at_or_new(topic, |_| {});
        self.subscribed(topic, until).await;
        self.is_on_track(topic, until).await;
        self.at_or_new(topic, |known| {
            if let Some(history) = &known.history
                && joining.is_told
            {
                let greeting = greeting(topic, recovered, history.position());
                let mark = self.mark(topic);
                self.is_delivered(joining.outbox.publish(
                    Delivery::to_one(greeting, POSITION),
                    None,
                    mark,
                ));
            }
            self.insert(known, joining);
        });
    }

    /// Waits until what other servers publish on a topic arrives.
    pub async fn subscribed(&self, topic: &str, until: Instant) {
        if let Some(bridge) = self.bridge() {
            bridge.subscribed(&self.key(topic), until).await;
        }
    }

    /// Waits until a topic's position is known.
    async fn is_on_track(&self, topic: &str, until: Instant) {
        let is_astray = || {
            let astray = self.at(topic, |known| {
                let history = known.history.as_ref();
                history.is_some_and(|history| history.position().is_none())
            });
            astray.unwrap_or(false)
        };
        // Later than that the client is told that it cannot resume from here.
        let _ = timeout_at(until, self.wait_while(is_astray)).await;
    }
}
