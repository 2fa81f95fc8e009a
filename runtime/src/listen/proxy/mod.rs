//! Whose connection it is when a proxy stands between: its word counts only when it comes from a trusted network.

mod header;
mod protocol;

use std::io;
use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use tokio::io::AsyncRead;
use wsgen_config::{ClientAddress, Proxy};

/// Whether a peer is one of the trusted proxies.
pub(crate) fn is_trusted(proxy: &Proxy, peer: IpAddr) -> bool {
    proxy
        .trusted
        .iter()
        .any(|network| network.contains(peer.to_canonical()))
}

/// The client's address by the PROXY protocol, where `[proxy]` asks for it and the peer is trusted; else the peer's.
///
/// # Errors
/// A trusted proxy whose header is no header, or the end of the connection. Put a deadline around it.
pub(crate) async fn from_protocol(
    proxy: &Proxy,
    socket: &mut (impl AsyncRead + Unpin),
    peer: SocketAddr,
) -> io::Result<SocketAddr> {
    if proxy.address == ClientAddress::ProxyProtocol && is_trusted(proxy, peer.ip()) {
        Ok(protocol::read(socket).await?.unwrap_or(peer))
    } else {
        Ok(peer)
    }
}

/// Whether the client's address is to be taken from the request's headers.
pub(crate) fn is_in_headers(proxy: &Proxy, peer: IpAddr) -> bool {
    matches!(
        proxy.address,
        ClientAddress::XForwardedFor | ClientAddress::Forwarded
    ) && is_trusted(proxy, peer)
}

/// The client's address by the headers, where [`is_in_headers`].
///
/// Each proxy appends whom it saw, so the list is read from its end, and the first that is not trusted is the client:
/// what stands before it is only what the client says.
pub(crate) fn from_headers(proxy: &Proxy, headers: &HeaderMap, peer: SocketAddr) -> SocketAddr {
    let hops = match proxy.address {
        ClientAddress::XForwardedFor => header::x_forwarded_for(headers),
        ClientAddress::Forwarded => header::forwarded(headers),
        ClientAddress::None | ClientAddress::ProxyProtocol => Vec::new(),
    };
    let mut client = peer;
    for hop in hops.iter().rev() {
        // Beyond a hop that does not say who it saw, nothing can be believed.
        let Some(address) = hop else { break };
        client = *address;
        if !is_trusted(proxy, client.ip()) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn proxy(address: ClientAddress) -> Proxy {
        let mut proxy = Proxy::default();
        proxy.trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        proxy.address = address;
        proxy
    }

    fn client(address: ClientAddress, name: &'static str, values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let peer = "10.0.0.1:4000".parse().unwrap();
        from_headers(&proxy(address), &headers, peer).to_string()
    }

    #[test]
    fn the_last_address_that_is_not_trusted_is_the_client() {
        let client =
            |values: &[&str]| client(ClientAddress::XForwardedFor, "x-forwarded-for", values);
        assert_eq!(client(&["203.0.113.9"]), "203.0.113.9:0");
        assert_eq!(client(&["6.6.6.6, 203.0.113.9, 10.1.2.3"]), "203.0.113.9:0");
        assert_eq!(client(&["6.6.6.6", "203.0.113.9"]), "203.0.113.9:0");
        assert_eq!(client(&["203.0.113.9:55"]), "203.0.113.9:55");
        assert_eq!(client(&["2001:db8::1"]), "[2001:db8::1]:0");
        // Nothing to believe: the proxy itself.
        assert_eq!(client(&[]), "10.0.0.1:4000");
        assert_eq!(client(&["6.6.6.6, nonsense"]), "10.0.0.1:4000");
        assert_eq!(client(&["6.6.6.6, nonsense, 10.1.2.3"]), "10.1.2.3:0");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_says() {
        let client = |values: &[&str]| client(ClientAddress::Forwarded, "forwarded", values);
        assert_eq!(client(&["for=203.0.113.9;proto=https"]), "203.0.113.9:0");
        assert_eq!(
            client(&["for=6.6.6.6, by=x;For=\"[2001:db8::1]:4711\""]),
            "[2001:db8::1]:4711"
        );
        assert_eq!(client(&["for=unknown"]), "10.0.0.1:4000");
        assert_eq!(client(&["for=6.6.6.6, for=_hidden"]), "10.0.0.1:4000");
        assert_eq!(client(&["proto=https"]), "10.0.0.1:4000");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_is_the_same() {
        assert!(is_trusted(
            &proxy(ClientAddress::None),
            "::ffff:10.9.9.9".parse().unwrap()
        ));
        assert!(!is_trusted(
            &proxy(ClientAddress::None),
            "11.0.0.1".parse().unwrap()
        ));
    }
}
