//! What a peer sends, counted as it arrives: frames, messages, bytes, and the limits on them.
//!
//! The engine above joins fragments and answers pings by itself, so both are counted here, from the frame heads
//! (RFC 6455, section 5.2). Whether the frames are right is the engine's business: this only counts.

use std::sync::Arc;

use tokio::time::Instant;

use crate::config::Config;

/// The counters of one connection's input.
#[derive(Debug)]
pub(crate) struct Meter {
    config: Arc<Config>,
    heads: Heads,
    /// What may still come now, in each of the three ways.
    left: [f64; 3],
    /// When that was reckoned up.
    filled: Instant,
    /// Whether the peer was served up to date since then.
    is_up_to_date: bool,
    /// Frames of the message that is under way.
    fragments: u32,
    /// Since when a message or a control frame is under way.
    message_since: Option<Instant>,
    excess: Option<&'static str>,
    received: u64,
    /// Whether a frame came that the engine's buffer had to grow for.
    is_large: bool,
}

/// The ways in which a peer can send too much, in the order of [`Meter::left`].
const EXCESSES: [&str; 3] = [
    "too many messages",
    "too many control frames",
    "too many bytes",
];

/// Payloads that the engine's buffer, 8 KiB at first, grows for; in bytes.
const LARGE: u64 = 8 * 1024;

/// The place of control frames among them.
const CONTROL_FRAMES: usize = 1;

impl Meter {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            heads: Heads::default(),
            left: allowances(&config).map(|allowance| allowance.burst),
            filled: Instant::now(),
            is_up_to_date: true,
            fragments: 0,
            message_since: None,
            excess: None,
            received: 0,
            is_large: false,
            config,
        }
    }

    /// Counts what was read at the time `now`.
    pub(crate) fn read(&mut self, bytes: &[u8], now: Instant) {
        self.received += bytes.len() as u64;
        let (mut messages, mut controls) = (0_u32, 0_u32);
        let mut rest = bytes;
        while let Some(step) = self.heads.step(&mut rest) {
            match step {
                Step::Control => controls += 1,
                Step::Begin => {
                    self.fragments += 1;
                    self.is_large |= self.heads.payload > LARGE;
                    if self.fragments as usize > self.config.limits.message_fragments {
                        self.excess = Some("too many fragments");
                    }
                }
                Step::EndOfMessage => {
                    messages += 1;
                    self.fragments = 0;
                    self.message_since = None;
                }
            }
        }
        if self.heads.read > 0 || self.fragments > 0 {
            self.message_since.get_or_insert(now);
        } else {
            self.message_since = None;
        }
        self.take([messages.into(), controls.into(), bytes.len() as f64], now);
    }

    /// Token buckets: so much a second, and more at once.
    ///
    /// What piled up while the server was busy is no fault of the peer: the buckets are filled beyond their size until a
    /// read finds nothing more, which shows that the peer is served up to date.
    fn take(&mut self, amounts: [f64; 3], now: Instant) {
        let seconds = (now - self.filled).as_secs_f64();
        self.filled = now;
        let is_up_to_date = std::mem::take(&mut self.is_up_to_date);
        let buckets = self.left.iter_mut().zip(allowances(&self.config));
        for (((left, allowance), amount), excess) in buckets.zip(amounts).zip(EXCESSES) {
            *left += seconds * allowance.rate;
            if is_up_to_date {
                *left = left.min(allowance.burst);
            }
            *left -= amount;
            if *left < 0.0 && allowance.rate > 0.0 {
                self.excess.get_or_insert(excess);
            }
        }
    }

    /// Nothing more is there to be read: all that the peer has sent is counted.
    pub(crate) fn read_nothing(&mut self) {
        self.is_up_to_date = true;
    }

    /// A ping was sent: its pong costs the peer nothing.
    pub(crate) fn expect_pong(&mut self) {
        self.left[CONTROL_FRAMES] += 1.0;
    }

    /// Time in which nothing was read does not count for the message that is under way.
    pub(crate) fn restart_message(&mut self) {
        if let Some(since) = &mut self.message_since {
            *since = Instant::now();
        }
    }

    /// Since when a message is under way, from its first byte to its last.
    pub(crate) fn message_since(&self) -> Option<Instant> {
        self.message_since
    }

    /// Whether the engine's buffer has grown, and everything in it has been handed out when a read finds nothing.
    pub(crate) fn is_past_large_frame(&self) -> bool {
        self.is_large && self.message_since.is_none()
    }

    /// The engine has a new buffer.
    pub(crate) fn forget_large_frame(&mut self) {
        self.is_large = false;
    }

    /// Which limit the peer is over, for the reason of the Close frame.
    pub(crate) fn excess(&self) -> Option<&'static str> {
        self.excess
    }

    /// Bytes read since the last call.
    pub(crate) fn take_received(&mut self) -> u64 {
        std::mem::take(&mut self.received)
    }
}

/// Finds the frame heads in a stream of bytes.
#[derive(Debug, Default)]
struct Heads {
    /// FIN, reserved bits and opcode of the frame that is under way.
    first: u8,
    /// How much of the head is read, and how long it is once the second byte is read.
    read: u8,
    length: u8,
    /// Bytes of the extended payload length: 0, 2 or 8.
    extended: u8,
    /// What is left of the payload.
    payload: u64,
}

/// What a stretch of input came to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// A control frame's head.
    Control,
    /// The head of a data frame.
    Begin,
    /// The last byte of a message.
    EndOfMessage,
}

const FIN: u8 = 0x80;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

impl Heads {
    /// Reads on to the next thing worth counting; `None` at the end of `bytes`.
    fn step(&mut self, bytes: &mut &[u8]) -> Option<Step> {
        loop {
            if self.in_payload() {
                let skipped = usize::try_from(self.payload)
                    .map_or(bytes.len(), |payload| payload.min(bytes.len()));
                *bytes = &bytes[skipped..];
                self.payload -= skipped as u64;
                if self.payload > 0 {
                    return None;
                }
                self.read = 0;
                if self.first & CONTROL == 0 && self.first & FIN != 0 {
                    return Some(Step::EndOfMessage);
                }
            }
            if self.whole_head(bytes).is_none() {
                let (&byte, rest) = bytes.split_first()?;
                *bytes = rest;
                self.head(byte);
            }
            if self.in_payload() {
                return Some(match self.first & CONTROL {
                    0 => Step::Begin,
                    _ => Step::Control,
                });
            }
        }
    }

    fn in_payload(&self) -> bool {
        self.read >= 2 && self.read == self.length
    }

    /// Reads a head that is here in one piece, which most are.
    fn whole_head(&mut self, bytes: &mut &[u8]) -> Option<()> {
        let [first, second, rest @ ..] = *bytes else {
            return None;
        };
        if self.read > 0 {
            return None;
        }
        let (extended, payload) = match second & !MASKED {
            126 => (2, u16::from_be_bytes(*rest.first_chunk()?).into()),
            127 => (8, u64::from_be_bytes(*rest.first_chunk()?)),
            short => (0, short.into()),
        };
        let mask = if second & MASKED == 0 { 0 } else { 4 };
        *bytes = rest.get(usize::from(extended + mask)..)?;
        let length = 2 + extended + mask;
        *self = Self {
            first: *first,
            read: length,
            length,
            extended,
            payload,
        };
        Some(())
    }

    /// Reads one byte of a head.
    fn head(&mut self, byte: u8) {
        match self.read {
            0 => self.first = byte,
            1 => {
                let (extended, payload) = match byte & !MASKED {
                    126 => (2, 0),
                    127 => (8, 0),
                    short => (0, u64::from(short)),
                };
                self.payload = payload;
                self.extended = extended;
                self.length = 2 + extended + if byte & MASKED == 0 { 0 } else { 4 };
            }
            read if read < 2 + self.extended => {
                self.payload = self.payload << 8 | u64::from(byte);
            }
            // The mask.
            _ => {}
        }
        self.read += 1;
    }
}

/// How much may come in a second and at once; a rate of 0 is no limit.
struct Allowance {
    rate: f64,
    burst: f64,
}

/// The settings, in the order of [`Meter::left`].
fn allowances(config: &Config) -> [Allowance; 3] {
    let rates = &config.rates;
    let seconds = rates.burst as f64;
    let allowance = |rate: f64| Allowance {
        rate,
        burst: rate * seconds,
    };
    let mut bytes = allowance(rates.bytes as f64);
    // One message of the largest size always fits, with its heads.
    bytes.burst = bytes.burst.max(config.limits.message_size as f64 + 4096.0);
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

    fn steps(heads: &mut Heads, mut bytes: &[u8]) -> Vec<Step> {
        std::iter::from_fn(|| heads.step(&mut bytes)).collect()
    }

    /// A frame of `length` bytes, masked or not.
    fn frame(first: u8, length: usize, masked: u8) -> Vec<u8> {
        let mut frame = match length {
            0..=125 => vec![first, masked | length as u8],
            126..=0xFFFF => [&[first, masked | 126][..], &(length as u16).to_be_bytes()].concat(),
            _ => [&[first, masked | 127][..], &(length as u64).to_be_bytes()].concat(),
        };
        frame.extend(vec![0xFF; length + if masked == 0 { 0 } else { 4 }]);
        frame
    }

    #[test]
    fn frames_are_counted_wherever_the_input_is_cut() {
        for masked in [0, MASKED] {
            let stream = [
                frame(0x01, 3, masked),
                frame(0x89, 125, masked),
                frame(0x00, 0, masked),
                frame(0x80, 70_000, masked),
                frame(0x82, 126, masked),
                frame(0x8A, 0, masked),
            ]
            .concat();
            use Step::*;
            let expected = [
                Begin,
                Control,
                Begin,
                Begin,
                EndOfMessage,
                Begin,
                EndOfMessage,
                Control,
            ];
            for size in [1, 2, 3, 7, 100, stream.len()] {
                let mut heads = Heads::default();
                let found: Vec<_> = stream
                    .chunks(size)
                    .flat_map(|part| steps(&mut heads, part))
                    .collect();
                assert_eq!(found, expected, "in parts of {size}, mask {masked}");
            }
        }
    }

    #[test]
    fn a_length_that_never_comes_is_waited_for() {
        let mut heads = Heads::default();
        let mut head = vec![0x82, 0xFF];
        head.extend([0xFF; 8]);
        head.extend([0; 4]);
        assert_eq!(steps(&mut heads, &head), [Step::Begin]);
        assert_eq!(steps(&mut heads, &[0x82; 1000]), []);
    }

    /// A meter that lets 10 messages a second through, 20 at once.
    fn meter(rate: u64) -> Meter {
        let mut config = Config::default();
        config.rates.messages = rate;
        Meter::new(Arc::new(config))
    }

    /// Whether so many messages are allowed at `now`.
    fn allows(meter: &mut Meter, messages: u32, now: Instant) -> bool {
        meter.excess = None;
        meter.take([messages.into(), 0.0, 0.0], now);
        let allowed = meter.excess.is_none();
        if !allowed {
            meter.left[0] += f64::from(messages);
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
