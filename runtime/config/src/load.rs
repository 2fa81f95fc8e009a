//! From file and environment to a checked [`Config`].

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::{Config, secrets};

/// The prefix of environment variables that override the file.
const PREFIX: &str = "WSGEN__";

/// What is wrong with the configuration, where, and what to do.
#[derive(Debug)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file, overrides it by environment variables `WSGEN__SECTION__KEY`, and checks the result.
    ///
    /// # Errors
    /// A file that cannot be read, unknown keys, wrong values: each with the place.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError(format!(
                "cannot read {}: {error}; name another file with --config PATH",
                path.display()
            ))
        })?;
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        parse(&text, environment)
            .map_err(|ConfigError(fault)| ConfigError(format!("{}: {fault}", path.display())))
    }

    /// Reads a configuration from text alone, without the environment, and checks it.
    ///
    /// # Errors
    /// Bad TOML, unknown keys, wrong values: each with the place.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        parse(text, std::iter::empty())
    }
}

/// `path` itself when it is there (or absolute), else under `$CARGO_MANIFEST_DIR`, where `cargo run` says the package is.
pub(crate) fn find(path: &Path) -> PathBuf {
    if path.is_relative()
        && !path.exists()
        && let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR")
    {
        let in_package = Path::new(&package).join(path);
        if in_package.exists() {
            return in_package;
        }
    }
    path.to_owned()
}

/// How many descriptors this process may open; 1024, the usual soft limit, where the system does not say.
pub(crate) fn descriptors() -> usize {
    most_descriptors().unwrap_or(1024).clamp(64, 1_000_000)
}

/// How many descriptors this process may open, where the system says it.
pub fn most_descriptors() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let mut lines = limits.lines();
    let soft = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    // "unlimited" does not parse.
    Some(
        soft.split_whitespace()
            .next()?
            .parse()
            .unwrap_or(usize::MAX),
    )
}

fn parse(
    text: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    // Twice: the first time for errors with line and column, the second time to lay the environment over it.
    let fault = |error| ConfigError(secrets::in_file(&error, text));
    let mut config: Config = toml::from_str(text).map_err(fault)?;
    let mut table: Table = toml::from_str(text).map_err(fault)?;
    for (name, value) in environment {
        if let Some(keys) = name.strip_prefix(PREFIX) {
            let fault = |fault: &dyn fmt::Display| {
                ConfigError(format!("the environment variable {name}: {fault}"))
            };
            set(&mut table, keys, &value)
                .ok_or_else(|| fault(&"is not of the form WSGEN__SECTION__KEY"))?;
            config = Config::deserialize(table.clone())
                .map_err(|error| fault(&secrets::in_variable(&error, keys)))?;
        }
    }
    match config.faults() {
        faults if faults.is_empty() => Ok(config),
        faults => Err(ConfigError(faults.join("\n"))),
    }
}

/// Sets `SECTION__KEY` to a value written as in the file; what is no number, truth value or list is a string.
fn set(table: &mut Table, keys: &str, text: &str) -> Option<()> {
    let keys = keys.to_ascii_lowercase();
    let (section, key) = keys.split_once("__")?;
    let value = toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .filter(|value| !matches!(value, Value::Datetime(_) | Value::Table(_)))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let section = table
        .entry(section)
        .or_insert_with(|| Value::Table(Table::new()));
    section.as_table_mut()?.insert(key.to_owned(), value);
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn with(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        parse(text, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(with("", &[]), Ok(Config::default()));
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let config = with(
            "[listen]\naddress = \"0.0.0.0:80\"\n[limits]\nmessage_size = \"1 MiB\"",
            &[
                ("WSGEN__LISTEN__ADDRESS", "127.0.0.1:0"),
                ("WSGEN__LIMITS__MAX_CONNECTIONS", "7"),
                ("WSGEN__TIMEOUTS__CLOSE", "250ms"),
                ("WSGEN__ADMIN__ENABLED", "false"),
                ("WSGEN__ORIGIN__ALLOW", "[\"https://a.example\"]"),
                ("WSGEN__LOG__FORMAT", "json"),
                ("OTHER", "ignored"),
            ],
        )
        .unwrap();
        assert_eq!(config.listen.address, "127.0.0.1:0".parse().unwrap());
        assert_eq!(config.limits.max_connections, 7);
        assert_eq!(config.limits.message_size, 1 << 20);
        assert_eq!(config.timeouts.close, Duration::from_millis(250));
        assert!(!config.admin.enabled);
        assert_eq!(config.origin.allow, ["https://a.example"]);
    }

    #[test]
    fn faults_say_where() {
        let fault = with("[listen]\nadress = \"x\"", &[]).unwrap_err();
        assert!(
            fault.contains("line 2") && fault.contains("adress"),
            "{fault}"
        );
        let fault = with("[timeouts]\nclose = \"soon\"", &[]).unwrap_err();
        assert!(
            fault.contains("line 2") && fault.contains("\"soon\" is not a duration"),
            "{fault}"
        );
        let fault = with("[limits]\nmessage_size = true", &[]).unwrap_err();
        assert!(
            fault.contains("line 2") && fault.contains("is not a size"),
            "{fault}"
        );
        let fault = with("", &[("WSGEN__LIMITS__HEADERS", "many")]).unwrap_err();
        assert!(fault.contains("WSGEN__LIMITS__HEADERS"), "{fault}");
        let fault = with("", &[("WSGEN__LIMITS", "1")]).unwrap_err();
        assert!(fault.contains("WSGEN__SECTION__KEY"), "{fault}");
        let fault = with("", &[("WSGEN__NOWHERE__KEY", "1")]).unwrap_err();
        assert!(fault.contains("nowhere"), "{fault}");
    }

    #[test]
    fn what_is_secret_is_in_no_fault() {
        for value in [
            "canary",
            "\"canary\"",
            "[\"canary\"]",
            "[canary",
            "{canary = 1}",
        ] {
            for name in ["AUTHENTICATION__TOKENS", "TELEMETRY__HEADERS"] {
                let name = format!("WSGEN__{name}");
                let fault = with("", &[(&name, value)]).unwrap_err();
                assert!(
                    fault.contains(&name) && !fault.contains("canary"),
                    "{fault}"
                );
                assert!(fault.contains("\"name:"), "it says how: {fault}");
            }
        }
        let fault = with("", &[("WSGEN__BROKER__URL", "[\"canary\"]")]).unwrap_err();
        assert!(
            fault.contains("broker.url") && !fault.contains("canary"),
            "{fault}"
        );
        let fault = with("", &[("WSGEN__AUTHENTICATION__TOKEN", "canary")]).unwrap_err();
        assert!(
            fault.contains("`tokens`") && !fault.contains("canary"),
            "{fault}"
        );
        for text in [
            "[authentication]\ntokens = \"canary\"",
            "[authentication]\ntokens = [\n  \"a:b\", # x = 1\n  \"canary\",\n]",
            "[authentication]\ntokens = [\"canary\"",
            "[authentication]\ntokens = canary",
            "[authentication]\n'tokens' = 'canary'",
            "authentication = { tokens = \"canary\" }",
            "authentication.tokens = \"canary\"",
            "[telemetry]\nheaders = [\"X-Key canary\"]",
            "[telemetry]\nheaders = \"X-Key: canary\"",
            "[broker]\nurl = [\"redis://user:canary@host\"]",
            "[broker]\nurl = \"redis://user:canary@host",
            "[broker]\nurl = \"redis://user:canary@host\" kind = \"redis\"",
            "[broker]\nurl = \"a\"\nurl = \"canary\"",
        ] {
            let fault = with(text, &[]).unwrap_err();
            assert!(
                fault.contains("line ") && !fault.contains("canary"),
                "{text}\n{fault}"
            );
        }
    }

    #[test]
    fn a_key_that_is_called_as_a_secret_one_shows_its_value() {
        let fault = with("[limits]\nheaders = \"many\"", &[]).unwrap_err();
        assert!(fault.contains("many"), "{fault}");
        let fault = with("[jwt]\nkeys_url = [\"there\"]", &[]).unwrap_err();
        assert!(fault.contains("there"), "{fault}");
        let fault = with("", &[("WSGEN__BROKER__KIND", "there")]).unwrap_err();
        assert!(fault.contains("there"), "{fault}");
    }

    #[test]
    fn all_faults_of_range_are_told_at_once() {
        let fault = with(
            "[limits]\nheaders = 0\nmessage_size = 0\n[origin]\nallow = [\"*\"]",
            &[],
        )
        .unwrap_err();
        assert!(
            fault.contains("limits.headers")
                && fault.contains("limits.message_size")
                && fault.contains("\"*\""),
            "{fault}"
        );
    }

    #[test]
    fn an_environment_value_cannot_smuggle_keys() {
        let config = with(
            "",
            &[("WSGEN__LOG__LEVEL", "\"debug\"\n[limits]\nheaders = 9")],
        );
        assert!(config.is_err());
    }
}
