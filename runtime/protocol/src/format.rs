//! The formats of JSON Schema that are checked.

use std::net::{Ipv4Addr, Ipv6Addr};

/// A format of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339, section 5.6: `2026-11-22T20:15:00Z`
    DateTime,
    /// RFC 3339: `2026-11-22`
    Date,
    /// RFC 3339: `20:15:00Z`
    Time,
    /// RFC 9562: `123e4567-e89b-12d3-a456-426614174000`
    Uuid,
    /// An address with a local part and a domain.
    Email,
    /// Dotted decimal.
    Ipv4,
    /// RFC 4291.
    Ipv6,
    /// RFC 3986, with a scheme.
    Uri,
}

impl Format {
    /// For messages to people.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::DateTime => "a date and time (RFC 3339)",
            Self::Date => "a date (RFC 3339)",
            Self::Time => "a time (RFC 3339)",
            Self::Uuid => "a UUID",
            Self::Email => "an e-mail address",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Uri => "a URI",
        }
    }
}

/// Whether a text is of a format.
pub(crate) fn holds(text: &str, format: Format) -> bool {
    match format {
        Format::DateTime => text
            .split_once(['T', 't', ' '])
            .is_some_and(|(date, time)| is_date(date) && is_time(time)),
        Format::Date => is_date(text),
        Format::Time => is_time(text),
        Format::Uuid => is_uuid(text),
        Format::Email => is_email(text),
        Format::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
        Format::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
        Format::Uri => is_uri(text),
    }
}

fn is_date(text: &str) -> bool {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (
        digits(&[y1, y2, y3, y4]),
        digits(&[m1, m2]),
        digits(&[d1, d2]),
    ) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// `hh:mm:ss`, a fraction, and `Z` or an offset.
fn is_time(text: &str) -> bool {
    let &[h1, h2, b':', m1, m2, b':', s1, s2, ref rest @ ..] = text.as_bytes() else {
        return false;
    };
    let zone = match rest {
        [b'.', fraction @ ..] => {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit());
            match length.count() {
                0 => return false,
                length => &fraction[length..],
            }
        }
        whole => whole,
    };
    let offset = match *zone {
        [b'Z' | b'z'] => Some(0),
        [b'+', h1, h2, b':', m1, m2] => minutes([h1, h2], [m1, m2]),
        [b'-', h1, h2, b':', m1, m2] => minutes([h1, h2], [m1, m2]).map(|minutes| -minutes),
        _ => None,
    };
    let (Some(offset), Some(local), Some(seconds)) =
        (offset, minutes([h1, h2], [m1, m2]), digits(&[s1, s2]))
    else {
        return false;
    };
    // A leap second is the last one of a day in UTC.
    let last_minute = (local - offset).rem_euclid(24 * 60) == 24 * 60 - 1;
    seconds < 60 || (seconds == 60 && last_minute)
}

/// Hours and minutes as minutes.
fn minutes(hours: [u8; 2], minutes: [u8; 2]) -> Option<i32> {
    let (hours, minutes) = (digits(&hours)?, digits(&minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The number that a few digits are.
fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
        Some(number * 10 + i32::from(digit))
    })
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        let local_ok = !local.is_empty()
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        local_ok
            && !local.contains(char::is_whitespace)
            && !local.contains('@')
            && domain.split('.').all(label)
    })
}

fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        scheme_ok
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_hold_for_what_they_name() {
        for (format, good, bad) in [
            (
                Format::DateTime,
                "2026-11-22T20:15:00.5+01:00",
                "2026-11-22 8pm",
            ),
            (
                Format::DateTime,
                "1998-12-31T23:59:60Z",
                "1998-12-31T22:59:60Z",
            ),
            (
                Format::DateTime,
                "2026-11-22T00:00:00z",
                "2026-11-22T00:00:00.z",
            ),
            (
                Format::DateTime,
                "2026-11-22T00:00:00-00:00",
                "2026-11-22T00:00:00-0:0",
            ),
            (Format::Date, "2024-02-29", "2023-02-29"),
            (Format::Date, "0000-12-31", "2024-2-029"),
            (Format::Time, "08:30:06Z", "08:30:06"),
            (
                Format::Uuid,
                "123e4567-e89b-12d3-a456-426614174000",
                "123e4567e89b12d3a456426614174000",
            ),
            (Format::Email, "joe.bloggs@example.com", "joe@@example..com"),
            (Format::Ipv4, "192.168.0.1", "192.168.0.256"),
            (Format::Ipv6, "::1", "12345::"),
            (Format::Uri, "https://example.com/a?b#c", "//no.scheme"),
        ] {
            assert!(holds(good, format), "{good}");
            assert!(!holds(bad, format), "{bad}");
            assert!(!holds("", format), "{format:?}");
        }
    }
}
