//! Stands for the shop: in a real dashboard this asks a database or a monitoring system.

use crate::generated::messages::Metric;

/// Everything that is measured.
pub(crate) const METRICS: [Metric; 3] = [
    Metric::Visitors,
    Metric::OrdersPerMinute,
    Metric::RevenuePerMinute,
];

/// What a metric is, `second` seconds after the shop has opened: visitors come and go in waves.
pub(crate) fn measure(metric: Metric, second: u32) -> f64 {
    let visitors = 120.0 + 80.0 * (f64::from(second) / 20.0).sin();
    match metric {
        Metric::Visitors => visitors.round(),
        Metric::OrdersPerMinute => visitors * 0.1,
        Metric::RevenuePerMinute => visitors * 4.2,
    }
}

/// What a metric should not exceed.
pub(crate) const fn limit(metric: Metric) -> f64 {
    match metric {
        Metric::Visitors => 180.0,
        Metric::OrdersPerMinute => 18.0,
        Metric::RevenuePerMinute => 800.0,
    }
}
