//! Medians and their spread.

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    /// Half the distance between the quartiles.
    pub(crate) spread: f64,
}

impl Figure {
    /// `None` without values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)? as f64;
        // Rounded, an index from 0 to the last.
        let at = |part: f64| values[(last * part).round() as usize];
        Some(Self {
            median: at(0.5),
            spread: (at(0.75) - at(0.25)) / 2.0,
        })
    }
}
