//! What a peer sends, counted against the limits on its rates.

use std::sync::Arc;

use tokio::time::Instant;

/// How much a peer may send in a second. 0 means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Messages.
    pub messages: u64,
    /// Bytes of frames, and by how many more messages are inflated.
    pub bytes: usize,
    /// Pings, pongs and Close frames.
    pub control_frames: u64,
    /// How many seconds' worth may come at once.
    pub burst: u64,
    /// Bytes that may come at once in any case, so that a message of the largest size always fits.
    pub burst_bytes: usize,
}

/// What one connection may still send: token buckets, so much a second and more at once.
#[derive(Debug)]
pub struct Meter {
    rates: Arc<Rates>,
    /// What may still come now, by [`Kind`].
    left: [f64; 3],
    /// When that was reckoned up.
    filled: Instant,
    /// Whether the peer was served up to date since then.
    is_up_to_date: bool,
}

/// What is counted: the places in [`Meter::left`].
#[derive(Clone, Copy)]
enum Kind {
    Message,
    ControlFrame,
    Byte,
}

/// The ways in which a peer can send too much, by [`Kind`].
const EXCESSES: [&str; 3] = [
    "too many messages",
    "too many control frames",
    "too many bytes",
];

impl Meter {
    /// A meter whose buckets are full.
    pub fn new(rates: Arc<Rates>) -> Self {
        Self {
            left: allowances(&rates).map(|allowance| allowance.burst),
            filled: Instant::now(),
            is_up_to_date: true,
            rates,
        }
    }

    /// So many bytes were read at the time `now`.
    ///
    /// What piled up while the server was busy is no fault of the peer: the buckets are filled beyond their size until a
    /// read finds nothing more, which shows that the peer is served up to date.
    #[inline]
    pub fn read(&mut self, bytes: usize, now: Instant) {
        let seconds = (now - self.filled).as_secs_f64();
        self.filled = now;
        let is_up_to_date = std::mem::take(&mut self.is_up_to_date);
        for (left, allowance) in self.left.iter_mut().zip(allowances(&self.rates)) {
            *left += seconds * allowance.rate;
            if is_up_to_date {
                *left = left.min(allowance.burst);
            }
        }
        self.left[Kind::Byte as usize] -= bytes as f64;
    }

    /// Messages among what was read have become longer by so many bytes.
    #[inline]
    pub fn inflated(&mut self, bytes: usize) {
        self.left[Kind::Byte as usize] -= bytes as f64;
    }

    /// A whole message was among what was read.
    #[inline]
    pub fn message(&mut self) {
        self.left[Kind::Message as usize] -= 1.0;
    }

    /// A control frame was.
    #[inline]
    pub fn control_frame(&mut self) {
        self.left[Kind::ControlFrame as usize] -= 1.0;
    }

    /// Nothing more is there to be read: all that the peer has sent is counted.
    #[inline]
    pub fn read_nothing(&mut self) {
        self.is_up_to_date = true;
    }

    /// A ping was sent: its pong costs the peer nothing.
    pub fn expect_pong(&mut self) {
        self.left[Kind::ControlFrame as usize] += 1.0;
    }

    /// Which limit the peer is over, for the reason of the Close frame.
    #[inline]
    pub fn excess(&self) -> Option<&'static str> {
        let mut buckets = self.left.iter().zip(EXCESSES);
        let (_, excess) = buckets.find(|(left, _)| **left < 0.0)?;
        Some(excess)
    }
}

/// How much may come in a second and at once; where the setting is 0, any.
struct Allowance {
    rate: f64,
    burst: f64,
}

/// The settings, by [`Kind`].
fn allowances(rates: &Rates) -> [Allowance; 3] {
    let seconds = rates.burst as f64;
    let allowance = |rate: f64| Allowance {
        rate,
        burst: if rate > 0.0 {
            rate * seconds
        } else {
            f64::INFINITY
        },
    };
    let mut bytes = allowance(rates.bytes as f64);
    bytes.burst = bytes.burst.max(rates.burst_bytes as f64);
    [
        allowance(rates.messages as f64),
        allowance(rates.control_frames as f64),
        bytes,
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A meter that lets 10 messages a second through, 20 at once.
    fn meter(rate: u64) -> Meter {
        Meter::new(Arc::new(Rates {
            messages: rate,
            burst: 2,
            ..Rates::default()
        }))
    }

    /// Whether so many messages are allowed at `now`.
    fn allows(meter: &mut Meter, messages: u32, now: Instant) -> bool {
        meter.read(0, now);
        meter.left[Kind::Message as usize] -= f64::from(messages);
        let allowed = meter.excess().is_none();
        if !allowed {
            meter.left[Kind::Message as usize] += f64::from(messages);
        }
        allowed
    }

    #[test]
    fn the_rate_and_a_burst_are_let_through() {
        let mut meter = meter(10);
        let mut now = meter.filled;
        assert!(allows(&mut meter, 20, now));
        assert!(!allows(&mut meter, 1, now));
        for _ in 0..100 {
            // A hair more, for the rounding.
            now += Duration::from_millis(101);
            meter.read_nothing();
            assert!(allows(&mut meter, 1, now));
        }
        assert!(!allows(&mut meter, 2, now));
        // Time in which the peer was served up to date is worth a burst at most.
        meter.read_nothing();
        assert!(!allows(&mut meter, 21, now + Duration::from_secs(60)));
    }

    #[test]
    fn what_piles_up_while_the_server_is_busy_is_no_excess() {
        let mut meter = meter(10);
        let now = meter.filled;
        assert!(allows(&mut meter, 1, now));
        let now = now + Duration::from_secs(60);
        assert!(allows(&mut meter, 600, now));
        assert!(!allows(&mut meter, 20, now));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut meter = meter(0);
        let now = meter.filled;
        assert!(allows(&mut meter, u32::MAX, now));
    }
}
