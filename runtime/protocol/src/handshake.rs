//! What both ends of an opening handshake must know (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use http::header::{CONNECTION, HeaderName, HeaderValue, UPGRADE};

/// What is appended to the key before hashing (RFC 6455, section 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455, section 4.2.2); `None` if that is not 16 bytes
/// in base64.
///
/// ```
/// use http::HeaderValue;
/// use wsgen_protocol::handshake::accept_value;
///
/// let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept_value(&key).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
pub fn accept_value(key: &HeaderValue) -> Option<HeaderValue> {
    BASE64.decode(key).ok().filter(|key| key.len() == 16)?;
    let mut hash = sha1_smol::Sha1::from(key.as_bytes());
    hash.update(KEY_SUFFIX);
    HeaderValue::from_str(&BASE64.encode(hash.digest().bytes())).ok()
}

/// Whether these headers ask for a WebSocket, or grant one (RFC 6455, sections 4.1 and 4.2).
pub fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, UPGRADE, "websocket") && has_token(headers, CONNECTION, "upgrade")
}

/// The members of all lists of this name (RFC 9110, section 5.6.1).
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|member| member.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_16_bytes() {
        let short = HeaderValue::from_static("dGhlIHNhbXBsZQ==");
        assert_eq!(accept_value(&short), None);
    }
}
