//! What it costs to find out which of twelve messages arrived, beside decoding the right type directly.
//!
//! `cargo bench -p wsgen-benches --bench dispatch` prints the times, then the ratios for docs/performance.md.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "a benchmark that cannot go on stops"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use wsgen_benches::generated::desk::Inbound;
use wsgen_benches::generated::messages;
use wsgen_runtime::Message;
use wsgen_runtime::codegen::serde::Deserialize;
use wsgen_runtime::codegen::{Decode, Frame, from_json};

/// A usual message and a long one, in bytes.
const SIZES: [usize; 2] = [229, 2048];

/// How much of a message there is to read before its tag.
#[derive(Clone, Copy)]
enum TagPlace {
    First,
    Last,
}

/// A way to decode, with its name.
type Way = (&'static str, fn(&Frame));

/// The first one is what the others are compared with.
const WAYS: [Way; 4] = [
    ("direct", |frame| decode::<messages::PositionOpened>(frame)),
    ("wsgen", |frame| {
        black_box(Inbound::decode(black_box(frame).clone()).expect("a message of the document"));
    }),
    ("serde tag", |frame| decode::<Tagged>(frame)),
    ("serde untagged", |frame| decode::<Untagged>(frame)),
];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (place, name) in [(TagPlace::First, "first"), (TagPlace::Last, "last")] {
        for size in SIZES {
            let text = message(place, size);
            let frame = Frame::from(Message::from(text.as_str()));
            let mut group = criterion.benchmark_group(format!("tag {name}, {size} B"));
            for (way, decode) in WAYS {
                group.bench_function(way, |bencher| bencher.iter(|| decode(&frame)));
            }
            group.finish();
            println!("{}", ratios(&frame));
        }
    }
    criterion.final_summary();
}

fn decode<T: wsgen_runtime::codegen::serde::de::DeserializeOwned>(frame: &Frame) {
    black_box(from_json::<T>(black_box(frame.bytes())).expect("a message of the document"));
}

/// The time of each way as a multiple of the first one's.
///
/// The ways take turns in short rounds, and the best round of each counts: what else the machine does hits all alike.
fn ratios(frame: &Frame) -> String {
    const ROUNDS: usize = 300;
    const ROUND: usize = 200;
    let mut best = [Duration::MAX; WAYS.len()];
    for _ in 0..ROUNDS {
        for ((_, decode), best) in WAYS.iter().zip(&mut best) {
            let start = Instant::now();
            (0..ROUND).for_each(|_| decode(frame));
            *best = start.elapsed().min(*best);
        }
    }
    let words = WAYS.iter().zip(best).map(|((way, _), time)| {
        let ratio = time.as_secs_f64() / best[0].as_secs_f64();
        let nanoseconds = time.as_nanos() / ROUND as u128;
        format!("{way} {nanoseconds} ns ({ratio:.2}x)")
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The eighth of the twelve messages with exactly `size` bytes.
fn message(place: TagPlace, size: usize) -> String {
    const TAG: &str = r#""type":"positionOpened""#;
    const LINE: &str = r#"{"venue":"XETR","quantity":250,"price":101.25,"settled":false}"#;
    let text = |lines: usize, note: usize| {
        let lines = vec![LINE; lines].join(",");
        let note = "n".repeat(note);
        let rest = format!(
            r#""position":"p-20261122-0001","account":"ACC-7781","symbol":"ACME","side":"buy","quantity":1250,"price":101.25,"at":"2026-11-22T20:15:00Z","note":"{note}","lines":[{lines}]"#
        );
        match place {
            TagPlace::First => format!("{{{TAG},{rest}}}"),
            TagPlace::Last => format!("{{{rest},{TAG}}}"),
        }
    };
    let lines = size.saturating_sub(text(0, 0).len()) / (LINE.len() + 1);
    let note = size - text(lines, 0).len();
    text(lines, note)
}

macro_rules! alternatives {
    ($($variant:ident = $tag:literal),* $(,)?) => {
        #[derive(Deserialize)]
        #[serde(crate = "wsgen_runtime::codegen::serde", tag = "type")]
        #[allow(dead_code, clippy::large_enum_variant, reason = "only decoded")]
        enum Tagged {
            $(#[serde(rename = $tag)] $variant(messages::$variant),)*
        }

        #[derive(Deserialize)]
        #[serde(crate = "wsgen_runtime::codegen::serde", untagged)]
        #[allow(dead_code, clippy::large_enum_variant, reason = "only decoded")]
        enum Untagged {
            $($variant(messages::$variant),)*
        }
    };
}

alternatives! {
    OrderPlaced = "orderPlaced",
    OrderCancelled = "orderCancelled",
    OrderFilled = "orderFilled",
    OrderRejected = "orderRejected",
    QuoteRequested = "quoteRequested",
    QuoteGiven = "quoteGiven",
    QuoteWithdrawn = "quoteWithdrawn",
    PositionOpened = "positionOpened",
    PositionClosed = "positionClosed",
    MarginCalled = "marginCalled",
    AccountFunded = "accountFunded",
    AccountDebited = "accountDebited",
}
