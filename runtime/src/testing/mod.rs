//! What the tests of generated projects are written with.
//!
//! Everything here panics where a test would fail.

// A failed check of a test has no one to return an error to.
#![allow(clippy::panic)]

mod client;
mod connection;
mod expected;
mod route;
mod server;
mod subscription;

use std::net::SocketAddr;
use std::time::Duration;

pub use connection::Connection;
pub use route::Route;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wsgen_config::Config;
#[cfg(any(feature = "cbor", feature = "msgpack"))]
use wsgen_protocol::EncodeError;
use wsgen_protocol::Message;

use crate::codegen::{Decode, Frame, from_json};
use crate::serve::server::Server;
pub use server::{Connecting, Refused, TestServer};
pub use subscription::Subscription;

/// Checks that an example arrives as the message `name` of a route.
///
/// # Panics
/// When it does not.
#[track_caller]
pub fn receives<M: Decode>(name: &str, example: impl Into<Message>) {
    match M::decode(Frame::from(example.into())) {
        Ok(message) => assert_eq!(
            message.name(),
            name,
            "the example arrives as another message"
        ),
        Err(error) => panic!("the example of {name} is refused: {error}"),
    }
}

/// Checks that an example can be read, and that what is written of it says the same.
///
/// Properties that the document does not list may be missing from what is written.
///
/// # Panics
/// When the example cannot be read, or reads differently once it is written.
#[track_caller]
pub fn round_trip<T: DeserializeOwned + Serialize>(example: &str) {
    // As a server reads it.
    let read = |text: &str| match from_json::<T>(text.as_bytes()) {
        Ok(value) => value,
        Err(error) => panic!("not a message: {error}\n{text}"),
    };
    let write = |value: &T| match serde_json::to_value(value) {
        Ok(value) => value,
        Err(error) => panic!("cannot be written: {error}"),
    };
    let original = json(example);
    let written = write(&read(example));
    if let Some(place) = difference(&written, &original, String::new()) {
        panic!("differs at `{place}`\n read: {original}\nwrote: {written}");
    }
}

/// Starts a server on free ports and drains it again.
///
/// # Panics
/// When it does not start.
pub async fn starts(server: Server) {
    match server.bind(on_free_ports()).await {
        Ok(listening) => listening.run_until(std::future::ready(())).await,
        Err(error) => panic!("the server does not start: {error}"),
    }
}

/// An example as MessagePack.
///
/// # Panics
/// When it is not JSON.
#[cfg(feature = "msgpack")]
#[track_caller]
pub fn message_pack(example: &str) -> Message {
    packed(example, crate::codegen::to_message_pack)
}

/// An example as CBOR.
///
/// # Panics
/// When it is not JSON.
#[cfg(feature = "cbor")]
#[track_caller]
pub fn cbor(example: &str) -> Message {
    packed(example, crate::codegen::to_cbor)
}

#[cfg(any(feature = "cbor", feature = "msgpack"))]
#[track_caller]
fn packed(example: &str, pack: fn(&Value) -> Result<Message, EncodeError>) -> Message {
    match pack(&json(example)) {
        Ok(message) => message,
        Err(error) => panic!("cannot be packed: {error}\n{example}"),
    }
}

#[track_caller]
fn json(example: &str) -> Value {
    match serde_json::from_str(example) {
        Ok(value) => value,
        Err(error) => panic!("not JSON: {error}\n{example}"),
    }
}

fn on_free_ports() -> Config {
    let mut config = Config::default();
    config.admin.address = SocketAddr::from(([127, 0, 0, 1], 0));
    config.listen.address = config.admin.address.into();
    config.drain.grace = Duration::ZERO;
    config
}

/// Where `written` says something that `original` does not.
fn difference(written: &Value, original: &Value, place: String) -> Option<String> {
    match (written, original) {
        (Value::Object(written), Value::Object(original)) => {
            written.iter().find_map(|(key, value)| {
                let place = format!("{place}/{key}");
                match original.get(key) {
                    Some(original) => difference(value, original, place),
                    None => Some(place),
                }
            })
        }
        (Value::Array(written), Value::Array(original)) if written.len() == original.len() => {
            let mut items = written.iter().zip(original).enumerate();
            items.find_map(|(index, (written, original))| {
                difference(written, original, format!("{place}/{index}"))
            })
        }
        // 1 and 1.0 are one number in JSON.
        (Value::Number(one), Value::Number(other)) => {
            (one.as_f64() != other.as_f64()).then_some(place)
        }
        _ => (written != original).then_some(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_read_as_a_server_reads_it() {
        round_trip::<(i64, i64, f64, String)>(r#"[-0.0, 1e2, -0, "\u0000"]"#);
    }

    #[test]
    fn differences_are_found_where_they_are() {
        let compare = |written: &str, original: &str| {
            let parse = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
            difference(&parse(written), &parse(original), String::new())
        };
        assert_eq!(
            compare(r#"{"a":[1,2.0]}"#, r#"{"a":[1.0,2],"more":true}"#),
            None
        );
        assert_eq!(
            compare(r#"{"a":[1,3]}"#, r#"{"a":[1,2]}"#),
            Some("/a/1".to_owned())
        );
        assert_eq!(compare(r#"{"b":1}"#, r#"{"a":1}"#), Some("/b".to_owned()));
    }
}
