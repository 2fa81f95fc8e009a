//! Names of topics made of a path and its parameters.

use std::fmt::Display;

/// `path` with its parameters, `{name}`, replaced by `values` in order. `/` and `%` in a value are escaped, so that no value
/// makes the name of another topic.
pub fn topic(path: &str, values: &[&dyn Display]) -> String {
    let mut values = values.iter();
    let mut parts = path.split('{');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once('}').map_or(part, |(_, rest)| rest);
        if let Some(value) = values.next() {
            name.push_str(&value.to_string().replace('%', "%25").replace('/', "%2F"));
        }
        name.push_str(rest);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_places_of_parameters() {
        assert_eq!(topic("/rooms/{room}", &[&"rust"]), "/rooms/rust");
        assert_eq!(topic("/a/{b}/c-{d}/e", &[&1, &"x"]), "/a/1/c-x/e");
        assert_eq!(topic("/{a}/{b}", &[&"x/y", &"z"]), "/x%2Fy/z");
        assert_ne!(topic("/{a}", &[&"/"]), topic("/{a}", &[&"%2F"]));
    }
}
