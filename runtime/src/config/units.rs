//! Durations like `"10s"` and sizes like `"64 KiB"`, read and written.

/// `#[serde(with)]` for durations: `"250ms"`, `"10s"`, `"2m"`, `"1h"`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// The longest duration taken, about ten years: room for arithmetic with instants.
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is no duration; write for instance \"250ms\", \"10s\" or \"2m\""
            ))
        })
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let milliseconds = duration.as_millis();
        let text = match milliseconds {
            0 => "0s".to_owned(),
            _ if milliseconds.is_multiple_of(3_600_000) => format!("{}h", milliseconds / 3_600_000),
            _ if milliseconds.is_multiple_of(60_000) => format!("{}m", milliseconds / 60_000),
            _ if milliseconds.is_multiple_of(1000) => format!("{}s", milliseconds / 1000),
            _ => format!("{milliseconds}ms"),
        };
        serializer.serialize_str(&text)
    }

    pub(super) fn parse(text: &str) -> Option<Duration> {
        let (number, unit) = super::number_and_unit(text)?;
        let milliseconds = match unit {
            "ms" => number,
            "s" => number.checked_mul(1000)?,
            "m" => number.checked_mul(60_000)?,
            "h" => number.checked_mul(3_600_000)?,
            _ => return None,
        };
        Some(Duration::from_millis(milliseconds)).filter(|duration| *duration <= LONGEST)
    }
}

/// `#[serde(with)]` for sizes in bytes: `65536`, `"64 KiB"`, `"1 MiB"`.
pub(super) mod size {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Size {
        Bytes(u64),
        Text(String),
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<usize, D::Error> {
        let fault = |found: &str| {
            D::Error::custom(format!(
                "{found} is no size; write a number of bytes or for instance \"64 KiB\" or \"1 MiB\""
            ))
        };
        match Size::deserialize(deserializer).map_err(|_| fault("this"))? {
            Size::Bytes(bytes) => usize::try_from(bytes).map_err(|_| fault(&bytes.to_string())),
            Size::Text(text) => parse(&text).ok_or_else(|| fault(&format!("{text:?}"))),
        }
    }

    pub(crate) fn serialize<S: Serializer>(size: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        let text = match *size {
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
            bytes if bytes > 0 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
            bytes => format!("{bytes} B"),
        };
        serializer.serialize_str(&text)
    }

    pub(super) fn parse(text: &str) -> Option<usize> {
        let (number, unit) = super::number_and_unit(text)?;
        let factor = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "kB" | "KB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return None,
        };
        usize::try_from(number.checked_mul(factor)?).ok()
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn durations() {
        use super::duration::parse;
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse(" 2 m "), Some(Duration::from_secs(120)));
        for wrong in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "1d",
            "99999999999999999999s",
            "999999999h",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        use super::size::parse;
        assert_eq!(parse("64 KiB"), Some(65536));
        assert_eq!(parse("1MiB"), Some(1 << 20));
        assert_eq!(parse("12"), Some(12));
        for wrong in ["", "KiB", "-1", "1.5 KiB", "1 Kib", "99999999999 GiB"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
