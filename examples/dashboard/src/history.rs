//! What the metrics were in the last minute.

use std::collections::{HashMap, VecDeque};

use crate::generated::messages::Metric;

/// How many samples of a metric are kept: one a second.
const LENGTH: usize = 60;

/// The latest samples of each metric, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History(HashMap<Metric, VecDeque<f64>>);

impl History {
    /// Adds a sample; the oldest one goes when there are enough.
    pub(crate) fn add(&mut self, metric: Metric, value: f64) {
        let samples = self.0.entry(metric).or_default();
        if samples.len() == LENGTH {
            samples.pop_front();
        }
        samples.push_back(value);
    }

    /// The samples of a metric.
    pub(crate) fn of(&self, metric: Metric) -> Vec<f64> {
        self.0.get(&metric).into_iter().flatten().copied().collect()
    }
}
