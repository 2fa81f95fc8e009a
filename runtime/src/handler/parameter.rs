//! Typed values from the text of paths, queries and headers.

/// A value that can be read from a path segment, a query value or a header.
pub trait Parameter: Sized {
    /// Reads one value; the error says what was expected.
    fn parse(text: &str) -> Result<Self, String>;

    /// Reads all values given for one name; only lists take more than one.
    fn parse_all<'a>(mut values: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value),
            (None, _) => Err("a value is expected".to_owned()),
            (Some(_), Some(_)) => Err("given more than once".to_owned()),
        }
    }
}

impl Parameter for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Parameter for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("true or false is expected".to_owned()),
        }
    }
}

macro_rules! parameter_by_from_str {
    ($($type:ty => $expected:literal),* $(,)?) => {$(
        impl Parameter for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| concat!($expected, " is expected").to_owned())
            }
        }
    )*};
}

parameter_by_from_str! {
    i8 => "an integer (8 bits)", i16 => "an integer (16 bits)", i32 => "an integer (32 bits)",
    i64 => "an integer (64 bits)", i128 => "an integer (128 bits)",
    u8 => "a non-negative integer (8 bits)", u16 => "a non-negative integer (16 bits)",
    u32 => "a non-negative integer (32 bits)", u64 => "a non-negative integer (64 bits)",
    u128 => "a non-negative integer (128 bits)",
    usize => "a non-negative integer", isize => "an integer",
    f32 => "a number", f64 => "a number", char => "one character",
}

impl<T: Parameter> Parameter for Vec<T> {
    /// Values separated by commas.
    fn parse(text: &str) -> Result<Self, String> {
        Self::parse_all(std::iter::once(text))
    }

    /// Values separated by commas, repeated names, or both.
    fn parse_all<'a>(values: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        values
            .filter(|value| !value.is_empty())
            .flat_map(|value| value.split(','))
            .map(T::parse)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_take_one_value() {
        assert_eq!(i64::parse_all(["7"].into_iter()), Ok(7));
        assert_eq!(
            i64::parse_all(["7", "8"].into_iter()),
            Err("given more than once".to_owned())
        );
        assert_eq!(
            bool::parse("yes"),
            Err("true or false is expected".to_owned())
        );
        assert_eq!(
            u8::parse("256"),
            Err("a non-negative integer (8 bits) is expected".to_owned())
        );
    }

    #[test]
    fn lists_take_commas_and_repeats() {
        assert_eq!(
            Vec::<u8>::parse_all(["1,2", "3"].into_iter()),
            Ok(vec![1, 2, 3])
        );
        assert_eq!(Vec::<u8>::parse(""), Ok(vec![]));
        assert!(Vec::<u8>::parse("1,x").is_err());
    }
}
