//! Traces: those of `wsgen-otel` where the feature `otel` is on, and nothing in a message's way where it is not.

#[cfg(not(feature = "otel"))]
mod absent;

#[cfg(not(feature = "otel"))]
pub(crate) use absent::{Exporter, Step, Trace, is_own_span, note_failure};
use wsgen_config::Telemetry;
#[cfg(feature = "otel")]
pub(crate) use wsgen_otel::{Exporter, Step, Trace, is_own_span, note_failure};

/// Why a server with these settings must not start, if it must not.
pub(crate) fn fault(settings: &Telemetry) -> Option<String> {
    (settings.is_wanted() && cfg!(not(feature = "otel"))).then(|| {
        "[telemetry] is set, but this program was built without it: turn on the feature `otel` of wsgen-runtime"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_the_feature_are_a_fault() {
        let mut settings = Telemetry::default();
        assert_eq!(fault(&settings), None);
        settings.endpoint = "http://127.0.0.1:4318".to_owned();
        assert_eq!(fault(&settings).is_some(), cfg!(not(feature = "otel")));
    }
}
