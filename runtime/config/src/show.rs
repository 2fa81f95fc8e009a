//! The effective configuration as TOML, for `--print-config`.

use std::fmt::Write as _;

use crate::Config;

impl Config {
    /// The effective configuration as TOML, fit to be read again but for what is hidden: hashes of tokens, and values of
    /// headers.
    pub fn to_toml(&self) -> String {
        let Ok(serde_json::Value::Object(sections)) = serde_json::to_value(self) else {
            return String::new();
        };
        let mut text = String::new();
        for (name, section) in sections {
            let _ = writeln!(text, "[{name}]");
            for (key, value) in section.as_object().into_iter().flatten() {
                // JSON's numbers, strings, truth values and lists are TOML's.
                let _ = writeln!(text, "{key} = {value}");
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_again() {
        let mut config = Config::default();
        config.origin.allow = vec!["https://a.example".to_owned()];
        config.limits.message_size = 1000;
        assert_eq!(Config::from_toml(&config.to_toml()).unwrap(), config);
    }
}
