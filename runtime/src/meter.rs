//! What a peer sends, counted as it arrives: frames, messages, bytes, and the limits on them.
//!
//! The engine above joins fragments and answers pings by itself, so both are counted here, from the frame heads
//! (RFC 6455, section 5.2). Whether the frames are right is the engine's business: this only counts.

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Config;

/// The counters and limits of one connection's input.
#[derive(Debug)]
pub(crate) struct Meter {
    heads: Heads,
    messages: Bucket,
    bytes: Bucket,
    controls: Bucket,
    /// Frames of the message that is under way, and the most there may be.
    fragments: usize,
    max_fragments: usize,
    /// Since when a message or a control frame is under way.
    message_since: Option<Instant>,
    excess: Option<&'static str>,
    received: u64,
}

impl Meter {
    pub(crate) fn new(config: &Config) -> Self {
        let rates = &config.rates;
        let now = Instant::now();
        let bytes = rates.bytes as u64;
        // One message of the largest size always fits, with its heads.
        let burst = (bytes * rates.burst).max(config.limits.message_size as u64 + 4096);
        Self {
            heads: Heads::default(),
            messages: Bucket::new(rates.messages, rates.messages * rates.burst, now),
            bytes: Bucket::new(bytes, burst, now),
            controls: Bucket::new(
                rates.control_frames,
                rates.control_frames * rates.burst,
                now,
            ),
            fragments: 0,
            max_fragments: config.limits.message_fragments,
            message_since: None,
            excess: None,
            received: 0,
        }
    }

    /// Counts what was read.
    pub(crate) fn read(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        self.received += bytes.len() as u64;
        let (mut messages, mut controls) = (0, 0);
        let mut rest = bytes;
        while let Some(step) = self.heads.step(&mut rest) {
            match step {
                Step::Control => controls += 1,
                Step::Begin => {
                    self.fragments += 1;
                    if self.fragments > self.max_fragments {
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
        for (bucket, amount, excess) in [
            (&mut self.messages, messages, "too many messages"),
            (&mut self.controls, controls, "too many control frames"),
            (&mut self.bytes, bytes.len() as u64, "too many bytes"),
        ] {
            if !bucket.take(amount, now) {
                self.excess.get_or_insert(excess);
            }
        }
    }

    /// Nothing more is there to be read: all that the peer has sent is counted.
    pub(crate) fn read_nothing(&mut self) {
        for bucket in [&mut self.messages, &mut self.bytes, &mut self.controls] {
            bucket.cap_at_next();
        }
    }

    /// A ping was sent: its pong costs the peer nothing.
    pub(crate) fn expect_pong(&mut self) {
        self.controls.give(1);
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
            let (&byte, rest) = bytes.split_first()?;
            *bytes = rest;
            self.head(byte);
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

/// A token bucket: so much a second, and more at once.
///
/// What piled up while the server was busy is no fault of the peer: the bucket is filled beyond its size until a read
/// finds nothing more, which shows that the peer is served up to date.
#[derive(Debug)]
struct Bucket {
    /// A second's allowance; 0 is no limit.
    rate: u64,
    size: u64,
    /// What is left, in billionths.
    left: u128,
    filled: Instant,
    cap_at_next: bool,
}

const BILLION: u128 = 1_000_000_000;

impl Bucket {
    fn new(rate: u64, size: u64, now: Instant) -> Self {
        Self {
            rate,
            size,
            left: u128::from(size) * BILLION,
            filled: now,
            cap_at_next: true,
        }
    }

    /// Takes `amount`; `false` when there is not so much.
    fn take(&mut self, amount: u64, now: Instant) -> bool {
        if self.rate == 0 {
            return true;
        }
        let since: Duration = now - self.filled;
        self.filled = now;
        self.left += since.as_nanos() * u128::from(self.rate);
        if std::mem::take(&mut self.cap_at_next) {
            self.left = self.left.min(u128::from(self.size) * BILLION);
        }
        match self.left.checked_sub(u128::from(amount) * BILLION) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn give(&mut self, amount: u64) {
        self.left += u128::from(amount) * BILLION;
    }

    fn cap_at_next(&mut self) {
        self.cap_at_next = true;
    }
}

#[cfg(test)]
mod tests {
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

    #[tokio::test(start_paused = true)]
    async fn a_bucket_lets_the_rate_through_and_a_burst() {
        let mut bucket = Bucket::new(10, 20, Instant::now());
        assert!(bucket.take(20, Instant::now()));
        assert!(!bucket.take(1, Instant::now()));
        for _ in 0..100 {
            tokio::time::advance(Duration::from_millis(100)).await;
            assert!(bucket.take(1, Instant::now()));
            bucket.cap_at_next();
        }
        assert!(!bucket.take(1, Instant::now()));
        // Time in which the peer was served up to date is worth a burst at most.
        bucket.cap_at_next();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(!bucket.take(21, Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_piles_up_while_the_server_is_busy_is_no_excess() {
        let mut bucket = Bucket::new(10, 20, Instant::now());
        assert!(bucket.take(1, Instant::now()));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(bucket.take(600, Instant::now()));
        assert!(!bucket.take(20, Instant::now()));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut bucket = Bucket::new(0, 0, Instant::now());
        assert!(bucket.take(u64::MAX, Instant::now()));
    }
}
