//! What a test waits for.

use std::time::Duration;

use serde_json::Value;
use wsgen_protocol::Message;

use crate::codegen::Encode;

/// How long a server has for one answer; far more than it needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that is to come.
pub(super) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what} does not come within {PATIENCE:?}"),
    }
}

/// Checks that a message is the one that was expected: as JSON, if both are, whatever the order of properties.
pub(super) fn assert_is(received: &Message, expected: impl Encode) {
    let name = expected.name();
    let expected = match expected.encode() {
        Ok(expected) => expected,
        Err(error) => panic!("the expected message {name} cannot be encoded: {error}"),
    };
    let json = |message: &Message| serde_json::from_slice::<Value>(message.as_bytes()).ok();
    let is_same = match (json(received), json(&expected)) {
        (Some(received), Some(expected)) => received == expected,
        _ => *received == expected,
    };
    assert!(
        is_same,
        "another message than {name}\n     got: {received:?}\nexpected: {expected:?}"
    );
}
