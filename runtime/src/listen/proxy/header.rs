//! The hops that proxies write into headers; `None` stands for one that does not say whom it saw.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};

type Hops = Vec<Option<SocketAddr>>;

/// The hops of `X-Forwarded-For`, the client first.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> Hops {
    let name = HeaderName::from_static("x-forwarded-for");
    elements(headers, name)
        .map(|hop| hop.and_then(address))
        .collect()
}

/// The hops of `Forwarded` (RFC 7239, section 4), the client first.
pub(super) fn forwarded(headers: &HeaderMap) -> Hops {
    elements(headers, FORWARDED)
        .map(|element| {
            let mut pairs = element?.split(';').filter_map(|pair| pair.split_once('='));
            let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
            address(node.trim().trim_matches('"'))
        })
        .collect()
}

/// The elements of a list in all headers of a name; no node name holds a comma.
fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<&str>> {
    headers.get_all(name).into_iter().flat_map(|value| {
        let text = value.to_str().ok();
        let elements = text.into_iter().flat_map(|text| text.split(',').map(Some));
        // A header that is no text is a hop that says nothing.
        elements.chain(text.is_none().then_some(None))
    })
}

/// An address with or without a port; IPv6 in brackets where a port follows.
fn address(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    Some(SocketAddr::new(bare.parse::<IpAddr>().ok()?, 0))
}
