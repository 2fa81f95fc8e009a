//! Durations like `"10s"` and sizes like `"64 KiB"`, read and written.

/// `#[serde(with)]` for durations: `"250ms"`, `"10s"`, `"1h 30m"`, `"1d"`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    /// The longest duration taken, about ten years: room for arithmetic with instants.
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is not a duration; write for instance \"250ms\", \"10s\" or \"1h 30m\""
            ))
        })
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(*duration))
    }

    pub(super) fn parse(text: &str) -> Option<Duration> {
        let duration = humantime::parse_duration(text).ok()?;
        (duration <= LONGEST).then_some(duration)
    }
}

/// `#[serde(with)]` for sizes in bytes: `65536`, `"64 KiB"`, `"1 MiB"`.
pub(super) mod size {
    use bytesize::ByteSize;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

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
                "{found} is not a size; write a number of bytes or for instance \"64 KiB\" or \"1 MiB\""
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
        let ByteSize(bytes) = text.parse().ok()?;
        // Beyond this the parser saturates.
        usize::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes <= isize::MAX as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn durations() {
        use super::duration::parse;
        for (text, milliseconds) in [
            ("250ms", 250),
            (" 2 m ", 120_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1500),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for wrong in ["", "10", "s", "-1s", "99999999999999999999s", "999999999h"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        use super::size::parse;
        for (text, bytes) in [
            ("64 KiB", 65536),
            ("1MiB", 1 << 20),
            ("1.5 KiB", 1536),
            ("12", 12),
            ("1 kB", 1000),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for wrong in ["", "KiB", "-1", "99999999999 GiB", "1 x"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
