//! Which web pages may connect: browsers send the page's origin (RFC 6455, section 10.2), and cookies with it.

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

/// Whether the request's Origin is the server's own host or one of `allowed`, or there is none (no browser).
pub(crate) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else {
        return true;
    };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else {
        return false;
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_same_host(origin, host))
        || allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

/// Whether `text` is an origin as a browser sends it: scheme and host, perhaps a port, nothing else.
pub(crate) fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, authority)| {
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let is_authority = |c: char| c.is_ascii_graphic() && !"/?#@*\\\"'".contains(c);
        !scheme.is_empty()
            && scheme.chars().all(is_scheme)
            && !authority.is_empty()
            && authority.chars().all(is_authority)
    })
}

/// Whether `origin` names the host and port of the `Host` header, with the scheme's port where none is written.
fn is_same_host(origin: &str, host: &str) -> bool {
    let (authority, port) = match origin.split_once("://") {
        Some(("https", authority)) => (authority, ":443"),
        Some(("http", authority)) => (authority, ":80"),
        _ => return false,
    };
    let without_port = |text: &'_ str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    without_port(authority) == without_port(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_host_means_host_and_port() {
        assert!(is_same_host("https://chat.example.com", "chat.example.com"));
        assert!(is_same_host(
            "https://chat.example.com",
            "Chat.Example.com:443"
        ));
        assert!(is_same_host("http://localhost:8080", "localhost:8080"));
        assert!(!is_same_host("http://localhost:8081", "localhost:8080"));
        assert!(!is_same_host(
            "https://chat.example.com",
            "chat.example.com:80"
        ));
        assert!(!is_same_host(
            "https://chat.example.com.evil.com",
            "chat.example.com"
        ));
        assert!(!is_same_host(
            "https://evilchat.example.com",
            "chat.example.com"
        ));
        assert!(!is_same_host("null", "null"));
        assert!(!is_same_host("file://", ""));
    }

    #[test]
    fn an_allow_list_takes_origins_only() {
        for right in [
            "https://a.example",
            "http://localhost:3000",
            "chrome-extension://abc",
        ] {
            assert!(is_origin(right), "{right}");
        }
        for wrong in [
            "*",
            "a.example",
            "https://",
            "https://a.example/",
            "https://*.a.example",
            "https://u@a.example",
            "null",
        ] {
            assert!(!is_origin(wrong), "{wrong}");
        }
    }
}
