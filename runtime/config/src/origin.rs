//! Origins as browsers send them (RFC 6454, section 6.1), and as settings name them.

use std::fmt;

use crate::host::{Host, authority};

/// Where a page is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    /// The host that the page is from.
    pub host: Host,
    /// The scheme's own where none is written.
    port: Option<u16>,
}

impl Origin {
    /// The origin that `text` is: scheme and host, perhaps a port, nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, port) = authority(rest)?;
        let scheme = is_scheme(scheme).then(|| scheme.to_ascii_lowercase())?;
        Some(Self {
            port: port.or(default_port(&scheme)),
            scheme,
            host,
        })
    }

    /// Whether a page of this origin comes from this host and port, as the header `Host` names them.
    pub fn is_at(&self, host: &Host, port: Option<u16>) -> bool {
        let default = default_port(&self.scheme);
        default.is_some() && self.host == *host && self.port == port.or(default)
    }

    /// Whether the page is from the web, and not from an extension or an application.
    pub fn is_of_web(&self) -> bool {
        default_port(&self.scheme).is_some()
    }
}

/// As a browser sends it.
impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        write!(formatter, "{scheme}://{host}")?;
        match port {
            Some(port) if self.port != default_port(scheme) => write!(formatter, ":{port}"),
            _ => Ok(()),
        }
    }
}

/// A value of `origin.allow`.
#[derive(Debug)]
pub enum Pattern {
    /// `https://example.com`: this origin.
    Exactly(Origin),
    /// `https://*.example.com`: every origin below a host.
    Below(Below),
}

/// Every origin below a host.
#[derive(Debug)]
pub struct Below {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
}

impl Pattern {
    /// Reads a value.
    ///
    /// # Errors
    /// Why no origin can ever match it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let no_origin = || {
            "is no origin; write scheme and host alone, for instance \"https://app.example.com\" or \"https://*.example.com\"".to_owned()
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(no_origin)?;
        match scheme.to_ascii_lowercase().as_str() {
            "ws" | "wss" => {
                return Err("is the address of a WebSocket; write that of the page, which begins with \"https://\" or \"http://\"".to_owned());
            }
            "file" | "data" | "blob" => {
                return Err("never matches: browsers send no origin for such pages".to_owned());
            }
            _ => {}
        }
        let Some(below) = rest.strip_prefix("*.") else {
            let origin = Origin::parse(text).ok_or_else(no_origin)?;
            return match &origin.host {
                Host::Name(name) => plain(name).map(|()| Self::Exactly(origin)),
                Host::Address(_) => Ok(Self::Exactly(origin)),
            };
        };
        let Origin { scheme, host, port } =
            Origin::parse(&format!("{scheme}://{below}")).ok_or_else(no_origin)?;
        let host = HostPattern::below(host)?;
        Ok(Self::Below(Below { scheme, host, port }))
    }

    /// Whether the value names this origin.
    pub fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Exactly(allowed) => allowed == origin,
            Self::Below(Below { scheme, host, port }) => {
                origin.scheme == *scheme && origin.port == *port && host.matches(&origin.host)
            }
        }
    }
}

/// A value of `origin.hosts`.
#[derive(Debug)]
pub enum HostPattern {
    /// `example.com`: this host.
    Exactly(Host),
    /// Every name that ends with this, which begins with a dot.
    Below(String),
}

impl HostPattern {
    /// Reads a value.
    ///
    /// # Errors
    /// Why no host can ever match it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let no_host = || {
            "is no host; write a name alone, for instance \"chat.example.com\" or \"*.example.com\""
                .to_owned()
        };
        if let Some(below) = text.strip_prefix("*.") {
            return Self::below(Host::parse(below).ok_or_else(no_host)?);
        }
        let host = Host::parse(text).ok_or_else(no_host)?;
        if let Host::Name(name) = &host {
            plain(name)?;
        }
        Ok(Self::Exactly(host))
    }

    fn below(host: Host) -> Result<Self, String> {
        match host {
            Host::Name(name) => plain(&name).map(|()| Self::Below(format!(".{name}"))),
            Host::Address(_) => Err("never matches: there is nothing below an address".to_owned()),
        }
    }

    /// Whether the value names this host.
    pub fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exactly(known), host) => known == host,
            (Self::Below(suffix), Host::Name(name)) => name
                .strip_suffix(suffix.as_str())
                .is_some_and(|labels| labels.split('.').all(|label| !label.is_empty())),
            (Self::Below(_), Host::Address(_)) => false,
        }
    }
}

/// Refuses a name that browsers never send.
fn plain(name: &str) -> Result<(), String> {
    if name.contains('*') {
        return Err(
            "never matches: `*.` stands for labels at the beginning of the host, and nowhere else"
                .to_owned(),
        );
    }
    if name.trim_end_matches('.').split('.').any(str::is_empty) {
        return Err("never matches: a label of the host is empty".to_owned());
    }
    // Browsers read such a host as an address, and write it as one.
    let last = name
        .trim_end_matches('.')
        .rsplit('.')
        .next()
        .unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("never matches: browsers write such an address in four numbers".to_owned());
    }
    Ok(())
}

fn is_scheme(text: &str) -> bool {
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_of_scheme)
}

/// The port of the schemes of the web.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

/// What is wrong with the settings: a sentence each.
pub(crate) fn faults(settings: &crate::Origin) -> impl Iterator<Item = String> {
    let allow = settings.allow.iter().filter_map(|value| {
        let fault = Pattern::parse(value).err()?;
        Some(format!("origin.allow: {value:?} {fault}"))
    });
    let hosts = settings.hosts.iter().filter_map(|value| {
        let fault = HostPattern::parse(value).err()?;
        Some(format!("origin.hosts: {value:?} {fault}"))
    });
    allow.chain(hosts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap();
        Origin::parse(origin).is_some_and(|origin| pattern.matches(&origin))
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (pattern, origin) in [
            ("https://a.example", "https://a.example"),
            ("HTTPS://A.example:443", "https://a.example"),
            ("http://a.example", "http://a.example:80"),
            ("http://[::1]:3000", "http://[0:0::1]:3000"),
            ("chrome-extension://abc", "chrome-extension://abc"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("https://*.a.example", "https://b.c.a.example"),
        ] {
            assert!(matches(pattern, origin), "{pattern} {origin}");
        }
        for (pattern, origin) in [
            ("https://a.example", "http://a.example"),
            ("https://a.example", "https://a.example:80"),
            ("https://a.example", "https://a.example/"),
            ("https://a.example", "null"),
            ("https://*.a.example", "https://a.example"),
            ("https://*.a.example", "https://evila.example"),
            ("https://*.a.example", "https://.a.example"),
            ("https://*.a.example", "https://b..a.example"),
            ("https://*.a.example", "https://b.a.example:8443"),
        ] {
            assert!(!matches(pattern, origin), "{pattern} {origin}");
        }
    }

    #[test]
    fn what_never_matches_is_no_pattern() {
        for wrong in [
            "",
            "*",
            "null",
            "a.example",
            "https://",
            "https://*",
            "https://*.",
            "https://a.example/",
            "https://u@a.example",
            "https://a.example?",
            "https://a.example:port",
            "https://a.example:99999",
            "https://a.*.example",
            "https://*a.example",
            "https://*.*.example",
            "https://.a.example",
            "https://a..example",
            "https://*.127.0.0.1",
            "https://*.[::1]",
            "https://127.1",
            "https://[::1",
            "https://b\u{fc}cher.example",
            "wss://a.example",
            "file://a",
        ] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "*",
            "https://a",
            "a:80",
            "a/b",
            "*a",
            "a.*",
            "*.10.0.0.1",
            "a..b",
        ] {
            assert!(HostPattern::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_is_shown_as_a_browser_sends_it() {
        for (text, shown) in [
            ("HTTPS://A.example:443", "https://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("http://[0::1]:80", "http://[::1]"),
            ("app://x:1", "app://x:1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().to_string(), shown);
        }
    }
}
