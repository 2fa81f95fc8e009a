//! Settings of traces.

use std::str::FromStr;

use http::Uri;
use http::header::{HeaderName, HeaderValue};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `[telemetry]`: traces by OpenTelemetry, where the program is built with the feature `otel`.
///
/// They are sent where the program calls `Server::serve` and has no `tracing` subscriber of its own.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Telemetry {
    /// The address of a collector that takes OTLP by HTTP, without its `/v1/traces`: `http://127.0.0.1:4318`. Default `""`:
    /// no traces.
    pub endpoint: String,
    /// The name of this service in the traces (`service.name`). Default `""`: the server's, as the log has it.
    pub service_name: String,
    /// The share of connections that is traced, with all their messages, from 0 to 1. Default 0.01.
    pub sampling: f64,
    /// Headers for the collector, each as `"name: value"`: who may send there often shows a key. Default none.
    pub headers: Vec<SecretHeader>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            service_name: String::new(),
            sampling: 0.01,
            headers: Vec::new(),
        }
    }
}

impl Telemetry {
    /// Whether the settings ask for traces.
    pub fn is_wanted(&self) -> bool {
        !self.endpoint.is_empty()
    }

    /// Where traces go (OTLP, "OTLP/HTTP Request"); `None` when the endpoint is no address of HTTP.
    pub fn collector(&self) -> Option<Uri> {
        let endpoint = Uri::from_str(&self.endpoint).ok()?;
        let is_http = matches!(endpoint.scheme_str(), Some("http" | "https"));
        // What is secret belongs into a header; addresses are logged.
        let has_secrets = endpoint.query().is_some() || self.endpoint.contains('@');
        let uri = format!("{}/v1/traces", self.endpoint.trim_end_matches('/'));
        (is_http && !has_secrets).then(|| uri.parse().ok())?
    }
}

/// A header whose value is hidden wherever settings are shown, written `name: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHeader {
    name: HeaderName,
    /// Marked as sensitive.
    value: HeaderValue,
}

impl SecretHeader {
    /// Its name and its value, which is marked as sensitive.
    pub const fn pair(&self) -> (&HeaderName, &HeaderValue) {
        (&self.name, &self.value)
    }
}

impl<'de> Deserialize<'de> for SecretHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // Without the text: it is secret.
        parse(&text).ok_or_else(|| {
            D::Error::custom("a header is written \"name: value\", in visible ASCII")
        })
    }
}

impl Serialize for SecretHeader {
    /// Without the value.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}: (hidden)", self.name))
    }
}

fn parse(text: &str) -> Option<SecretHeader> {
    let (name, value) = text.split_once(':')?;
    let name = name.trim().parse().ok()?;
    let mut value: HeaderValue = value.trim().parse().ok()?;
    value.set_sensitive(true);
    Some(SecretHeader { name, value })
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn an_endpoint_is_the_address_of_a_collector() {
        let collector = |endpoint: &str| {
            let text = format!("[telemetry]\nendpoint = \"{endpoint}\"");
            let config = Config::from_toml(&text).ok()?;
            config.telemetry.collector().map(|uri| uri.to_string())
        };
        for (endpoint, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            (
                "https://a.example/otlp/",
                "https://a.example/otlp/v1/traces",
            ),
        ] {
            assert_eq!(collector(endpoint).as_deref(), Some(expected));
        }
        for wrong in [
            "127.0.0.1:4318",
            "grpc://a.example",
            "http://key@a.example",
            "http://a.example?key=1",
        ] {
            assert_eq!(collector(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn headers_are_secret() {
        let text = "[telemetry]\nheaders = [\"X-Key: canary\"]";
        let config = Config::from_toml(text).unwrap();
        assert!(config.to_toml().contains("x-key: (hidden)"));
        assert!(!format!("{config:?}").contains("canary"));
        let fault = Config::from_toml("[telemetry]\nheaders = [\"canary\"]").unwrap_err();
        assert!(fault.to_string().contains("\"name: value\""), "{fault}");
    }

    #[test]
    fn a_share_is_between_0_and_1() {
        for wrong in ["-0.1", "1.1", "nan"] {
            let text = format!("[telemetry]\nsampling = {wrong}");
            assert!(Config::from_toml(&text).is_err(), "{wrong}");
        }
    }
}
