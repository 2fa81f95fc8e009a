//! Tokens that the configuration names, each by its hash.

use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A token of the configuration: whose it is and its SHA-256, written `name:hash` with the hash in hexadecimal.
///
/// `printf %s TOKEN | sha256sum` makes the hash. Tokens are long and random: a hash does not protect a password that can
/// be guessed. For HTTP basic the hash is of `user:password`, for client certificates of the certificate (DER).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticToken {
    /// Whose it is.
    pub name: String,
    /// The SHA-256 of the token.
    pub hash: [u8; 32],
}

impl FromStr for StaticToken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The error does not repeat the text: it may be the token, pasted here by mistake.
        parse(text).ok_or_else(|| {
            "a token is written \"name:hash\", the hash its SHA-256 in 64 hexadecimal digits"
                .to_owned()
        })
    }
}

impl<'de> Deserialize<'de> for StaticToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl Serialize for StaticToken {
    /// Without the hash.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:(hidden)", self.name))
    }
}

fn parse(text: &str) -> Option<StaticToken> {
    let (name, digits) = text.rsplit_once(':')?;
    let mut hash = [0; 32];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if name.is_empty() || pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()?;
    }
    let name = name.to_owned();
    Some(StaticToken { name, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hash_is_refused() {
        for wrong in [
            "",
            "a",
            "a:",
            ":00",
            "a:00",
            &format!("a:{}", "g".repeat(64)),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(parse(&format!(":{}", "0".repeat(64))), None);
    }
}
