//! The rules: players run, and who comes to the coin has it.

use std::collections::BTreeMap;

use crate::generated::messages::{Direction, Player, Position, State};

/// Fields in a row, and rows.
const SIZE: u64 = 16;

/// An arena in play.
#[derive(Debug)]
pub(crate) struct Board {
    tick: u64,
    coin: Position,
    last_id: u64,
    runners: BTreeMap<u64, Runner>,
}

#[derive(Debug)]
struct Runner {
    player: Player,
    heading: Option<Direction>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            tick: 0,
            coin: coin(0),
            last_id: 0,
            runners: BTreeMap::new(),
        }
    }
}

impl Board {
    /// Puts a player into the middle; its id.
    pub(crate) fn enter(&mut self, name: String) -> u64 {
        self.last_id += 1;
        let at = Position {
            x: SIZE / 2,
            y: SIZE / 2,
        };
        let player = Player {
            id: self.last_id,
            name,
            at,
            coins: 0,
        };
        self.runners.insert(
            self.last_id,
            Runner {
                player,
                heading: None,
            },
        );
        self.last_id
    }

    /// Takes a player out; whether others go on.
    pub(crate) fn leave(&mut self, id: u64) -> bool {
        self.runners.remove(&id);
        !self.runners.is_empty()
    }

    /// Lets a player run, or stand.
    pub(crate) fn steer(&mut self, id: u64, heading: Option<Direction>) {
        if let Some(runner) = self.runners.get_mut(&id) {
            runner.heading = heading;
        }
    }

    /// Moves everybody by one field; what the board looks like then.
    pub(crate) fn tick(&mut self) -> State {
        self.tick += 1;
        for runner in self.runners.values_mut() {
            if let Some(heading) = runner.heading {
                step(&mut runner.player.at, heading);
            }
            if runner.player.at == self.coin {
                runner.player.coins += 1;
                self.coin = coin(self.tick);
            }
        }
        let players = self.runners.values().map(|runner| runner.player.clone());
        State {
            tick: self.tick,
            players: players.collect(),
            coin: self.coin.clone(),
        }
    }
}

/// One field on, up to the edge.
fn step(at: &mut Position, heading: Direction) {
    match heading {
        Direction::Up => at.y = at.y.saturating_sub(1),
        Direction::Down => at.y = (at.y + 1).min(SIZE - 1),
        Direction::Left => at.x = at.x.saturating_sub(1),
        Direction::Right => at.x = (at.x + 1).min(SIZE - 1),
    }
}

/// Where the coin lies that appears at `tick`: as good as random, since nobody knows when the last one is found.
const fn coin(tick: u64) -> Position {
    Position {
        x: (tick * 7 + 3) % SIZE,
        y: (tick * 11 + 5) % SIZE,
    }
}
