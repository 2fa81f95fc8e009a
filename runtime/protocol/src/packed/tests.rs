#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};

use super::*;
use crate::DecodeErrorKind::{self, Invalid, Malformed};
use crate::{Frame, Message};

/// `{"type": "reading", "id": 2**63, "low": -2**63, "ratio": 0.5, "on": True, "none": None, "tags": ["a", "é"],
/// "raw": b"\x00\xff", 7: "seven"}` as Python's `msgpack` 1.2 writes it.
const MESSAGE_PACK: &str = "89a474797065a772656164696e67a26964cf8000000000000000a36c6f77d38000000000000000a5726174696fcb3fe0000000000000a26f6ec3a46e6f6e65c0a47461677392a161a2c3a9a3726177c40200ff07a5736576656e";

/// The same as Python's `cbor2` writes it, and `"at"`: a time with tag 0.
const CBOR: &str = "aa64747970656772656164696e676269641b8000000000000000636c6f773b7fffffffffffffff65726174696ffb3fe0000000000000626f6ef5646e6f6e65f6647461677382616162c3a9637261774200ff0765736576656e626174c074323032302d30312d30325430333a30343a30355a";

fn expected() -> Value {
    json!({
        "type": "reading", "id": 9_223_372_036_854_775_808_u64, "low": i64::MIN, "ratio": 0.5, "on": true,
        "none": null, "tags": ["a", "é"], "raw": "AP8=", "7": "seven",
    })
}

fn frame(bytes: Vec<u8>) -> Frame {
    Frame::from(Message::from(bytes))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// What is read, or the kind of error.
fn message_pack(hex: &str) -> Result<Value, DecodeErrorKind> {
    let frame = frame(bytes(hex));
    let json = message_pack_as_json(&frame).map_err(|error| error.kind())?;
    Ok(serde_json::from_slice(&json).unwrap())
}

fn cbor(hex: &str) -> Result<Value, DecodeErrorKind> {
    let frame = frame(bytes(hex));
    let json = cbor_as_json(&frame).map_err(|error| error.kind())?;
    Ok(serde_json::from_slice(&json).unwrap())
}

#[test]
fn what_others_write_is_read() {
    assert_eq!(message_pack(MESSAGE_PACK), Ok(expected()));
    let mut with_time = expected();
    with_time["at"] = "2020-01-02T03:04:05Z".into();
    assert_eq!(cbor(CBOR), Ok(with_time));
}

#[test]
fn every_form_of_message_pack_is_read() {
    // The example of msgpack.org.
    let example = json!({ "compact": true, "schema": 0 });
    assert_eq!(
        message_pack("82a7636f6d70616374c3a6736368656d6100"),
        Ok(example)
    );
    for (hex, value) in [
        ("7f", json!(127)),
        ("ff", json!(-1)),
        ("ccff", json!(255)),
        ("cdffff", json!(65535)),
        ("ceffffffff", json!(4_294_967_295_u32)),
        ("cfffffffffffffffff", json!(u64::MAX)),
        ("d080", json!(-128)),
        ("d18000", json!(-32768)),
        ("d280000000", json!(i32::MIN)),
        ("ca3dcccccd", json!(0.1)),
        ("d90161", json!("a")),
        ("da000161", json!("a")),
        ("db0000000161", json!("a")),
        ("c50001ff", json!("/w==")),
        ("c600000001ff", json!("/w==")),
        ("dc000101", json!([1])),
        ("dd0000000101", json!([1])),
        ("de0001a16101", json!({ "a": 1 })),
        ("df00000001a16101", json!({ "a": 1 })),
        ("81ff01", json!({ "-1": 1 })),
    ] {
        assert_eq!(message_pack(hex), Ok(value), "{hex}");
    }
}

#[test]
fn the_examples_of_the_specification_of_cbor_are_read() {
    for (hex, value) in [
        ("1903e8", json!(1000)),
        ("1bffffffffffffffff", json!(u64::MAX)),
        ("3903e7", json!(-1000)),
        ("f90000", json!(0.0)),
        ("f93c00", json!(1.0)),
        ("f97bff", json!(65504.0)),
        ("f90001", json!(5.960_464_5e-8)),
        ("f9c400", json!(-4.0)),
        ("fa47c35000", json!(100_000.0)),
        ("fb3ff199999999999a", json!(1.1)),
        ("f4", json!(false)),
        ("f7", json!(null)),
        ("c11a514b67b0", json!(1_363_896_240)),
        ("4401020304", json!("AQIDBA==")),
        ("62c3bc", json!("ü")),
        ("8301820203820405", json!([1, [2, 3], [4, 5]])),
        ("a201020304", json!({ "1": 2, "3": 4 })),
        ("5f42010243030405ff", json!("AQIDBAU=")),
        ("7f657374726561646d696e67ff", json!("streaming")),
        ("9f018202039f0405ffff", json!([1, [2, 3], [4, 5]])),
        (
            "bf6346756ef563416d7421ff",
            json!({ "Fun": true, "Amt": -2 }),
        ),
    ] {
        assert_eq!(cbor(hex), Ok(value), "{hex}");
    }
}

#[test]
fn what_json_cannot_say_is_refused() {
    for hex in [
        "d6ff00000000",
        "c70301616263",
        "cb7ff0000000000000",
        "81c201",
        "81ca3fc0000001",
    ] {
        assert_eq!(message_pack(hex), Err(Invalid), "{hex}");
    }
    for hex in [
        "f97c00",
        "fb7ff8000000000000",
        "c249010000000000000000",
        "f0",
        "a1f501",
        "a18001",
    ] {
        assert_eq!(cbor(hex), Err(Invalid), "{hex}");
    }
}

#[test]
fn what_is_broken_is_refused_at_once() {
    // Nothing, cut off, lengths of 2^32 - 1 (and 2^64 - 1) that are not there, more than one value, no UTF-8, and what is
    // reserved.
    for hex in [
        "",
        "cd00",
        "a36161",
        "92c0",
        "dbffffffff61",
        "c6ffffffff",
        "ddffffffff",
        "dfffffffff",
        "ddffffffffc0",
        "c0c0",
        "a1ff",
        "c1",
        "81a161",
    ] {
        assert_eq!(message_pack(hex), Err(Malformed), "{hex}");
    }
    for hex in [
        "",
        "19",
        "6361",
        "82f6",
        "7bffffffffffffffff61",
        "5affffffff",
        "9bffffffffffffffff",
        "baffffffff",
        "9affffffff01",
        "f6f6",
        "61ff",
        "1c",
        "ff",
        "9f01",
        "bf6161ff",
        "5f01ff",
    ] {
        assert_eq!(cbor(hex), Err(Malformed), "{hex}");
    }
}

#[test]
fn depth_is_bounded() {
    // Lists in lists; maps whose keys are maps; in CBOR also lists without length, tags of tags, and texts of texts.
    for opening in ["91", "81a161", "81"] {
        assert_eq!(
            message_pack(&(opening.repeat(10_000) + "c0")),
            Err(Malformed),
            "{opening}"
        );
    }
    for opening in ["81", "a1", "a16161", "9f", "bf", "c1", "7f"] {
        assert_eq!(
            cbor(&(opening.repeat(10_000) + "f6")),
            Err(Malformed),
            "{opening}"
        );
    }
    let deepest = "91".repeat(127) + "c0";
    assert!(message_pack(&deepest).is_ok());
    assert_eq!(message_pack(&("91".to_owned() + &deepest)), Err(Malformed));
}

#[test]
fn what_is_written_reads_the_same() {
    let value = expected();
    for (message, as_json) in [
        (
            to_message_pack(&value),
            message_pack_as_json as fn(&Frame) -> Result<std::borrow::Cow<'_, [u8]>, DecodeError>,
        ),
        (to_cbor(&value), cbor_as_json),
    ] {
        let frame = Frame::from(message.unwrap());
        assert!(!frame.is_text());
        let read: Value = serde_json::from_slice(&as_json(&frame).unwrap()).unwrap();
        assert_eq!(read, value);
    }
}
