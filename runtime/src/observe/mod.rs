//! What an operator sees: metrics, log, traces, and handlers that block.

pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod telemetry;
pub(crate) mod watchdog;
