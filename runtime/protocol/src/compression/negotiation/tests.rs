use http::header::HeaderValue;

use super::*;

fn headers(values: &[&'static str]) -> HeaderMap {
    let values = values
        .iter()
        .map(|value| (SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(value)));
    values.collect()
}

/// A server that has room for contexts.
fn server(context_takeover: bool) -> Negotiator {
    let settings = Settings {
        context_takeover,
        ..Settings::default()
    };
    Negotiator::new(settings, 64 << 20)
}

/// What it answers.
fn answer(context_takeover: bool, values: &[&'static str]) -> Option<String> {
    let agreed = server(context_takeover).agree(&headers(values));
    agreed.map(|(answer, _)| answer)
}

const ALONE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

#[test]
fn what_browsers_offer_is_agreed_to() {
    let chromium = "permessage-deflate; client_max_window_bits";
    assert_eq!(answer(false, &[chromium]).unwrap(), ALONE);
    assert_eq!(answer(true, &[chromium]).unwrap(), "permessage-deflate");
}

#[test]
fn the_first_offer_that_can_be_held_counts() {
    for (values, suffix) in [
        (&["permessage-deflate"][..], Some("")),
        (&["x-webkit-deflate-frame, PerMessage-Deflate"], Some("")),
        (&["x-other", "permessage-deflate"], Some("")),
        (
            &[
                "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10",
            ],
            Some("; server_max_window_bits=10"),
        ),
        (
            &["permessage-deflate; client_max_window_bits=\"11\""],
            Some("; client_max_window_bits=11"),
        ),
        (
            &["permessage-deflate; client_max_window_bits = 8"],
            Some("; client_max_window_bits=8"),
        ),
        (&["permessage-deflate; server_max_window_bits"], None),
        (&["permessage-deflate; server_max_window_bits=16"], None),
        (&["permessage-deflate; server_max_window_bits=010"], None),
        (&["permessage-deflate; client_max_window_bits=+9"], None),
        (&["permessage-deflate; client_no_context_takeover=1"], None),
        (
            &["permessage-deflate; client_no_context_takeover; client_no_context_takeover"],
            None,
        ),
        (&["permessage-deflate; unknown"], None),
        (&["permessage-deflate;"], None),
        (&["permessage-deflate,"], None),
        (&["permessage deflate"], None),
        (&[], None),
    ] {
        let expected = suffix.map(|suffix| format!("{ALONE}{suffix}"));
        assert_eq!(answer(false, values), expected, "{values:?}");
    }
}

#[test]
fn contexts_are_kept_where_both_want_it() {
    for (offer, expected) in [
        (
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
        ),
        (
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
        ),
        ("permessage-deflate", "permessage-deflate"),
    ] {
        assert_eq!(answer(true, &[offer]).unwrap(), expected);
    }
}

#[test]
fn a_window_of_the_settings_is_the_largest() {
    let settings = Settings {
        window_bits: 12,
        context_takeover: true,
        ..Settings::default()
    };
    let agree = |offer| {
        let agreed = Negotiator::new(settings, 64 << 20).agree(&headers(&[offer]));
        let (answer, deflate) = agreed.unwrap();
        (
            answer,
            deflate.outgoing.window_bits,
            deflate.incoming.window_bits,
        )
    };
    let offer = "permessage-deflate; client_max_window_bits; server_max_window_bits=14";
    let answer = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12";
    assert_eq!(agree(offer), (answer.to_owned(), 12, 12));
    assert_eq!(
        agree("permessage-deflate"),
        ("permessage-deflate".to_owned(), 12, 15)
    );
}

#[test]
fn who_comes_beyond_the_budget_keeps_no_context() {
    let settings = Settings {
        context_takeover: true,
        ..Settings::default()
    };
    let room = 1024 * (COMPRESSOR_KIB + DECOMPRESSOR_KIB) as usize;
    let server = Negotiator::new(settings, room);
    let agree = || server.agree(&headers(&["permessage-deflate"])).unwrap();
    let first = agree();
    assert_eq!(first.0, "permessage-deflate");
    assert_eq!(agree().0, ALONE);
    drop(first);
    assert_eq!(agree().0, "permessage-deflate");
}

#[cfg(feature = "client")]
#[test]
fn a_client_takes_what_it_can_hold() {
    let accepted = |value| accept(&headers(&[value]));
    assert!(accept(&headers(&[])).unwrap().is_none());
    for answer in [
        OFFER,
        ALONE,
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_no_context_takeover",
    ] {
        assert!(accepted(answer).unwrap().is_some(), "{answer}");
    }
    for answer in [
        "x-other",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; client_max_window_bits=15",
        "permessage-deflate; unknown",
    ] {
        assert!(accepted(answer).is_err(), "{answer}");
    }
}
