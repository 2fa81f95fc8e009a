//! What was told of already, so that whoever is refused again and again does not fill the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many are told of in a while; a stranger may send any number of them.
const MANY: usize = 16;

/// The while after which all is forgotten.
const WHILE: Duration = Duration::from_secs(60 * 60);

/// The longest that is remembered, in bytes: names have at most 253.
const LONGEST: usize = 300;

#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    since: Option<Instant>,
    texts: Vec<String>,
}

/// Whether something is to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Telling {
    Yes,
    /// Yes, and nothing else for a while.
    Last,
    No,
}

impl Told {
    /// Whether `text` is new, and there is room for it at the time `now`.
    pub(super) fn tell(&self, text: &str, now: Instant) -> Telling {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *remembered.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= WHILE {
            *remembered = Remembered {
                since: Some(now),
                texts: Vec::new(),
            };
        }
        let texts = &mut remembered.texts;
        if texts.len() == MANY || text.len() > LONGEST || texts.iter().any(|told| told == text) {
            return Telling::No;
        }
        texts.push(text.to_owned());
        match texts.len() == MANY {
            true => Telling::Last,
            false => Telling::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_and_few_are() {
        let (told, now) = (Told::default(), Instant::now());
        assert_eq!(told.tell("a", now), Telling::Yes);
        assert_eq!(told.tell("a", now), Telling::No);
        assert_eq!(told.tell(&"x".repeat(LONGEST + 1), now), Telling::No);
        let strangers: Vec<Telling> = (0..1000).map(|n| told.tell(&n.to_string(), now)).collect();
        let is_told = |telling: &&Telling| **telling != Telling::No;
        assert_eq!(strangers.iter().filter(is_told).count(), MANY - 1);
        assert_eq!(strangers[MANY - 2], Telling::Last);
        assert_eq!(
            told.tell("a", now + WHILE),
            Telling::Yes,
            "forgotten by now"
        );
    }
}
