//! Decodes values that a validator has judged, and encodes what was accepted; completed by `schemas.rs`.

use batch::generated::values::Inbound;
use wsgen_runtime::Message;
use wsgen_runtime::codegen::serde_json::{self, Value};
use wsgen_runtime::codegen::{Decode, Frame};

#[test]
fn values_are_decoded_as_they_were_judged() {
    let mut wrong = Vec::new();
    for line in include_str!("values.tsv").lines() {
        let (verdict, text) = line.split_once('\t').unwrap();
        let outcome = Inbound::decode(Frame::from(Message::from(text)));
        match (verdict, outcome) {
            ("Accept", Err(error)) => wrong.push(format!("{text}\n    should be accepted: {error}")),
            ("Refuse", Ok(message)) => wrong.push(format!("{text}\n    should be refused: {message:?}")),
            ("Accept", Ok(message)) => {
                let original = serde_json::from_str(text).unwrap();
                let written = encoded(message).unwrap();
                if !equal(&original, &written) {
                    wrong.push(format!("{text}\n    is written as {written}"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} disagreements\n{}", wrong.len(), wrong.join("\n"));
}

fn encoded(message: Inbound) -> Result<Value, serde_json::Error> {
    match message {
        // ARMS
    }
}

/// Whether a value came through whole: numbers may be written differently, a `null` may be left out of an object,
/// and so may what the document does not list.
fn equal(original: &Value, written: &Value) -> bool {
    match (original, written) {
        (Value::Object(original), Value::Object(written)) => {
            let kept = |(key, value): (&String, &Value)| match written.get(key) {
                Some(written) => equal(value, written),
                None => value.is_null() || key.starts_with("extra"),
            };
            original.iter().all(kept) && written.keys().all(|key| original.contains_key(key))
        }
        (Value::Array(original), Value::Array(written)) => {
            original.len() == written.len()
                && original.iter().zip(written).all(|(one, other)| equal(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => original == written,
    }
}
