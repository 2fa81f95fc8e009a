use super::*;

const ALONE: Direction = Direction {
    window_bits: 15,
    takes_over: false,
};
const ONWARDS: Direction = Direction {
    window_bits: 15,
    takes_over: true,
};
const MOST: usize = 64 * 1024;

fn end(direction: Direction) -> Deflate {
    let settings = Settings {
        threshold: 0,
        ..Settings::default()
    };
    Deflate::new(settings, direction, direction, None)
}

fn text(number: u32) -> Bytes {
    let items = (0..20).map(|index| format!(r#"{{"id":{},"side":"buy"}}"#, number * 1000 + index));
    items.collect::<Vec<_>>().join(",").into()
}

/// The example of RFC 7692, section 7.2.3.1.
const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn the_examples_of_the_rfc() {
    for (payload, expected) in [
        (&HELLO[..], "Hello"),
        // Two blocks (section 7.2.3.5), a block without compression (7.2.3.3), and a final block (7.2.3.4).
        (
            &[
                0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
            ],
            "Hello",
        ),
        (
            &[
                0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
            ],
            "Hello",
        ),
        (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], "Hello"),
        // An empty message (7.2.3.6).
        (&[0x00], ""),
    ] {
        for direction in [ALONE, ONWARDS] {
            let inflated = end(direction).inflate(payload, MOST);
            assert_eq!(inflated, Ok(expected.into()), "{payload:x?}");
        }
    }
    // A message that refers to the one before it (7.2.3.2).
    let mut onwards = end(ONWARDS);
    assert_eq!(onwards.inflate(&HELLO, MOST), Ok("Hello".into()));
    let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(onwards.inflate(&again, MOST), Ok("Hello".into()));
    assert_eq!(end(ALONE).inflate(&again, MOST), Err(Fault::Corrupt));
}

#[test]
fn messages_come_back_as_they_were() {
    for direction in [ALONE, ONWARDS] {
        let (mut sender, mut receiver) = (end(direction), end(direction));
        let mut sizes = Sizes::default();
        for number in 0..50 {
            let payload = text(number);
            let compressed = sender.compress(&payload, None).unwrap();
            sizes.add(compressed.len(), payload.len());
            assert_eq!(receiver.inflate(&compressed, MOST).unwrap(), payload);
        }
        assert_eq!(sender.take_counts().sent, sizes);
        assert_eq!(receiver.take_counts().received, sizes);
        assert_eq!(sender.take_counts(), Counts::default());
        let times = if direction.takes_over { 5 } else { 3 };
        assert!(sizes.compressed * times < sizes.plain, "{sizes:?}");
    }
}

#[test]
fn contexts_of_threads_are_not_mixed_up() {
    let (mut one, mut other, mut receiver) = (end(ALONE), end(ALONE), end(ALONE));
    for number in 0..10 {
        for sender in [&mut one, &mut other] {
            let compressed = sender.compress(&text(number), None).unwrap();
            assert_eq!(receiver.inflate(&compressed, MOST).unwrap(), text(number));
        }
    }
}

#[test]
fn what_does_not_get_shorter_is_sent_as_it_is() {
    let noise = (0..1000).scan(1_u64, |state, _| {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        Some((*state >> 56) as u8)
    });
    let noise: Bytes = noise.collect();
    assert_eq!(end(ALONE).compress(&noise, None), None);
    // Later messages refer to it.
    assert!(end(ONWARDS).compress(&noise, None).is_some());
    assert_eq!(end(ONWARDS).compress(&Bytes::new(), None), None);
}

#[test]
fn what_is_shared_is_compressed_once() {
    let shared = Shared::default();
    let payload = text(1);
    let first = end(ALONE).compress(&payload, Some(&shared)).unwrap();
    let second = end(ALONE).compress(&payload, Some(&shared)).unwrap();
    assert_eq!(first.as_ptr(), second.as_ptr());
    let small = Direction {
        window_bits: 9,
        ..ALONE
    };
    let other = end(small).compress(&payload, Some(&shared)).unwrap();
    assert_ne!(first.as_ptr(), other.as_ptr());
    // Who takes its context over compresses for itself.
    let onwards = end(ONWARDS).compress(&payload, Some(&shared)).unwrap();
    assert_ne!(first.as_ptr(), onwards.as_ptr());
}

#[test]
fn a_bomb_takes_no_more_than_a_message() {
    let bomb = end(ALONE)
        .compress(&Bytes::from(vec![0; 16 << 20]), None)
        .unwrap();
    assert!(bomb.len() < MOST / 2);
    for direction in [ALONE, ONWARDS] {
        let mut receiver = end(direction);
        assert_eq!(receiver.inflate(&bomb, MOST), Err(Fault::TooLong));
        assert_eq!(
            receiver.inflate(&bomb, usize::MAX).map(|all| all.len()),
            match direction.takes_over {
                // The stream has ended in the middle.
                true => Err(Fault::Corrupt),
                false => Ok(16 << 20),
            }
        );
    }
    let whole = end(ALONE)
        .compress(&Bytes::from(vec![0; MOST]), None)
        .unwrap();
    assert_eq!(end(ALONE).inflate(&whole, MOST).unwrap().len(), MOST);
    assert_eq!(end(ALONE).inflate(&whole, MOST - 1), Err(Fault::TooLong));
    assert_eq!(end(ALONE).inflate(&whole, 0), Err(Fault::TooLong));
}

#[test]
fn what_is_no_deflate_is_corrupt() {
    // A block of the reserved kind, a length without its complement.
    for payload in [&[0x07][..], &[0x00, 0x05, 0x00, 0x05, 0x00]] {
        assert_eq!(end(ALONE).inflate(payload, MOST), Err(Fault::Corrupt));
    }
}
