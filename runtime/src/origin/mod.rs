//! Which web pages may connect: browsers send the page's origin (RFC 6455, section 10.2), and cookies with it.
//!
//! A page of the server's own host may. That a name is the server's own is not for the request to say: an attacker's name
//! may resolve to this server's address (DNS rebinding), and then page, `Host` and `Origin` agree. So names count that
//! the document or the settings have, and hosts that no name server resolves: addresses and `localhost`.

mod told;

use std::time::Instant;

use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::{HeaderMap, StatusCode};
use told::{Telling, Told};
use wsgen_config::origin::{HostPattern, Origin, Pattern};
use wsgen_config::{self as config, Address, Config, Host, authority};
use wsgen_protocol::Escaped;

use crate::handler::reject::Reject;

/// Who may connect, and what was told of those who may not.
#[derive(Debug)]
pub(crate) struct Origins {
    settings: config::Origin,
    allowed: Vec<Pattern>,
    /// The server's names.
    hosts: Vec<HostPattern>,
    /// A server of development, on a developer's machine: pages of the same machine may connect.
    welcomes_loopback: bool,
    told: Told,
}

impl Origins {
    /// By the settings, which have no faults, for a server that `hosts` of the document name.
    pub(crate) fn new(config: &Config, hosts: &[&str], is_on_loopback: bool) -> Self {
        let settings = &config.origin;
        let of_document = hosts.iter().filter_map(|host| Host::parse(host));
        let of_document: Vec<Host> = of_document.collect();
        let welcomes_loopback = is_on_loopback && of_document.iter().any(Host::is_loopback);
        let listened = config
            .listen
            .address
            .iter()
            .filter_map(|address| match address {
                Address::Name(name, _) => Host::parse(name),
                _ => None,
            });
        let allowed = settings.allow.iter().map(|origin| Pattern::parse(origin));
        let named = settings.hosts.iter().map(|host| HostPattern::parse(host));
        Self {
            settings: settings.clone(),
            allowed: allowed.filter_map(Result::ok).collect(),
            hosts: named
                .filter_map(Result::ok)
                .chain(of_document.into_iter().map(HostPattern::Exactly))
                .chain(listened.map(HostPattern::Exactly))
                .collect(),
            welcomes_loopback,
            told: Told::default(),
        }
    }

    /// Refuses what a browser sends for a page that may not connect. Who sends no Origin is no browser.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Reject> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return Ok(());
        };
        let text = origin.to_str().ok().filter(|_| origins.next().is_none());
        let Some(origin) = text.and_then(Origin::parse) else {
            self.tell_of_none(text.unwrap_or("(malformed)"));
            return Err(refused());
        };
        let is_allowed = self.allowed.iter().any(|allowed| allowed.matches(&origin));
        if is_allowed || self.welcomes_loopback && origin.is_of_web() && origin.host.is_loopback() {
            return Ok(());
        }
        match headers.get(HOST).and_then(named) {
            Some((host, port)) if origin.is_at(&host, port) => self.check_name(&host),
            _ => {
                self.tell_of_origin(&origin);
                Err(refused())
            }
        }
    }

    /// Refuses a host by a name that may be anybody's.
    fn check_name(&self, host: &Host) -> Result<(), Reject> {
        let is_rebindable = matches!(host, Host::Name(_)) && !host.is_loopback();
        if !is_rebindable || self.hosts.iter().any(|known| known.matches(host)) {
            return Ok(());
        }
        self.tell_of_host(host);
        let reason =
            format!("not a name of this server; if it is one, add \"{host}\" to origin.hosts");
        Err(Reject::new(StatusCode::MISDIRECTED_REQUEST, reason).because("host"))
    }

    fn tell_of_origin(&self, origin: &Origin) {
        let origin = origin.to_string();
        let settings = with(&self.settings.allow, &origin);
        self.tell(&origin, |origin| {
            tracing::warn!(%origin, "a page of this origin may not connect; to let it, set [origin] allow = {settings}");
        });
    }

    fn tell_of_host(&self, host: &Host) {
        let host = host.to_string();
        let settings = with(&self.settings.hosts, &host);
        self.tell(&host, |host| {
            tracing::warn!(%host, "a page reached this server by a name that is not known to be its own (DNS rebinding?); if it is, set [origin] hosts = {settings}");
        });
    }

    fn tell_of_none(&self, text: &str) {
        self.tell(text, |origin| {
            tracing::warn!(%origin, "a page without an origin of its own may not connect (a file, or a sandboxed frame): serve it by HTTP");
        });
    }

    /// Warns of what was not seen before; the log of every refusal is at `debug`.
    fn tell(&self, text: &str, warn: impl FnOnce(Escaped<'_>)) {
        match self.told.tell(text, Instant::now()) {
            Telling::No => {}
            Telling::Yes => warn(Escaped(text)),
            Telling::Last => {
                warn(Escaped(text));
                tracing::warn!(
                    "many origins are refused: for an hour more of them are logged at debug only"
                );
            }
        }
    }
}

/// The host and port that a header `Host` names, if it is one.
pub(crate) fn named(host: &HeaderValue) -> Option<(Host, Option<u16>)> {
    authority(host.to_str().ok()?)
}

fn refused() -> Reject {
    Reject::forbidden("this origin may not connect; origin.allow names those that may")
        .because("origin")
}

/// A list of the settings with one more value, as TOML.
fn with(values: &[String], more: &str) -> String {
    let values: Vec<&str> = values.iter().map(String::as_str).chain([more]).collect();
    format!("{values:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(allow: &[&str], hosts: &[&str], is_on_loopback: bool) -> Origins {
        let mut config = Config::default();
        config.origin.allow = allow.iter().map(|&origin| origin.to_owned()).collect();
        config.listen.address = "box.example:80".parse().unwrap();
        Origins::new(&config, hosts, is_on_loopback)
    }

    fn status(origins: &Origins, host: &str, origin: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.append(HOST, host.parse().unwrap());
        headers.append(ORIGIN, origin.parse().unwrap());
        origins
            .check(&headers)
            .map_or_else(|reject| reject.status.as_u16(), |()| 101)
    }

    #[test]
    fn the_documents_hosts_are_the_servers_names() {
        let origins = origins(&[], &["chat.example.com"], false);
        for (host, origin, expected) in [
            ("chat.example.com", "https://chat.example.com", 101),
            ("Chat.example.com:443", "https://chat.example.com", 101),
            ("chat.example.com:80", "https://chat.example.com", 403),
            ("chat.example.com", "https://chat.example.com.evil.com", 403),
            ("chat.example.com", "https://evilchat.example.com", 403),
            ("evil.com", "https://evil.com", 421),
            ("box.example:81", "http://box.example:81", 101),
            ("null", "null", 403),
        ] {
            assert_eq!(status(&origins, host, origin), expected, "{host} {origin}");
        }
    }

    #[test]
    fn pages_of_the_developers_machine_may_connect_to_a_server_there() {
        let pages = [
            "http://localhost:5173",
            "https://localhost",
            "http://127.0.0.1:3000",
            "http://[::1]:1",
        ];
        for (hosts, is_on_loopback, expected) in [
            (&["localhost"][..], true, 101),
            (&["127.0.0.1"], true, 101),
            (&["localhost"], false, 403),
            (&["chat.example.com"], true, 403),
            (&[], true, 403),
        ] {
            let origins = origins(&[], hosts, is_on_loopback);
            for page in pages {
                assert_eq!(
                    status(&origins, "localhost:8080", page),
                    expected,
                    "{hosts:?} {page}"
                );
            }
        }
        let origins = origins(&[], &["localhost"], true);
        for page in [
            "http://localhost.evil.com",
            "app://localhost",
            "http://evil.com:8080",
            "http://10.0.0.1",
        ] {
            assert_eq!(status(&origins, "localhost:8080", page), 403, "{page}");
        }
    }

    #[test]
    fn the_line_to_add_is_the_whole_setting() {
        let values = ["https://a.example".to_owned()];
        assert_eq!(
            with(&values, "https://b.example"),
            r#"["https://a.example", "https://b.example"]"#
        );
    }
}
