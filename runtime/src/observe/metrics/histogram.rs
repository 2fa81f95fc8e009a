//! How long something takes, by powers of ten.

use std::time::Duration;

use super::Counter;

/// The upper bounds of the buckets, in nanoseconds and as labels in seconds; what takes longer is only in the count.
pub(super) const BOUNDS: [(u64, &str); 7] = [
    (10_000, "0.00001"),
    (100_000, "0.0001"),
    (1_000_000, "0.001"),
    (10_000_000, "0.01"),
    (100_000_000, "0.1"),
    (1_000_000_000, "1"),
    (10_000_000_000, "10"),
];

/// Durations, counted.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// One for each bound, and one for what takes longer.
    buckets: [Counter; BOUNDS.len() + 1],
    nanoseconds: Counter,
}

impl Histogram {
    /// Counts `times` that took so long together, each as long as the others.
    pub(super) fn observe(&self, took: Duration, times: u32) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let each = nanoseconds / u64::from(times.max(1));
        let bucket = BOUNDS.iter().position(|(bound, _)| each <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].add(times.into());
        self.nanoseconds.add(nanoseconds);
    }

    /// How many took at most each bound, then all.
    pub(super) fn cumulative(&self) -> [u64; BOUNDS.len() + 1] {
        let mut sum = 0;
        self.buckets.each_ref().map(|bucket| {
            sum += bucket.get();
            sum
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        self.nanoseconds.get() as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_in_its_bucket() {
        let histogram = Histogram::default();
        for nanoseconds in [0, 10_000, 10_001, 5_000_000, 60_000_000_000] {
            histogram.observe(Duration::from_nanos(nanoseconds), 1);
        }
        assert_eq!(histogram.cumulative(), [2, 3, 3, 4, 4, 4, 4, 5]);
        assert!((histogram.seconds() - 60.005_020_001).abs() < 1e-9);
    }
}
