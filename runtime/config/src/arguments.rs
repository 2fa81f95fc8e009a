//! The command line of a generated server.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::health;
use crate::{Config, load};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
struct Arguments {
    config: Option<PathBuf>,
    print_config: bool,
    health_check: bool,
    help: bool,
}

impl Config {
    /// Reads the command line and the configuration it names; the start of every generated `main`.
    ///
    /// Options: `--config PATH` (else `default_path`: in the working directory, then in the package that `cargo run`
    /// runs), `--print-config` and `--help`, which print and exit with 0, and `--health-check`, which asks a running
    /// server of this configuration whether it is ready and exits with 0 or 1. A fault is printed: exit code 2 for the
    /// command line, 1 for the configuration.
    pub fn from_args(default_path: &str) -> Self {
        let arguments = parse(std::env::args_os().skip(1)).unwrap_or_else(|fault| {
            eprintln!("error: {fault}\n\n{}", usage(default_path));
            std::process::exit(2)
        });
        if arguments.help {
            println!("{}", usage(default_path));
            std::process::exit(0)
        }
        let path = arguments
            .config
            .unwrap_or_else(|| load::find(default_path.as_ref()));
        let config = Self::load(path).unwrap_or_else(|fault| {
            eprintln!("error: {fault}");
            std::process::exit(1)
        });
        if arguments.print_config {
            print!("{}", config.to_toml());
            std::process::exit(0)
        }
        if arguments.health_check {
            let ready = health::check(&config.admin);
            std::process::exit(match ready {
                Ok(()) => 0,
                Err(fault) => {
                    eprintln!("error: {fault}");
                    1
                }
            })
        }
        config
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--config") => {
                parsed.config = Some(
                    arguments
                        .next()
                        .ok_or("--config needs a path after it")?
                        .into(),
                );
            }
            Some("--print-config") => parsed.print_config = true,
            Some("--health-check") => parsed.health_check = true,
            Some("--help" | "-h") => parsed.help = true,
            Some(text) if text.starts_with("--config=") => {
                parsed.config = text.strip_prefix("--config=").map(PathBuf::from)
            }
            _ => return Err(format!("unexpected argument {argument:?}")),
        }
    }
    Ok(parsed)
}

fn usage(default_path: &str) -> String {
    format!(
        "Usage: [--config PATH] [--print-config] [--health-check] [--help]\n\
         \n\
         \x20 --config PATH    the configuration (default: {default_path})\n\
         \x20 --print-config   print the effective configuration and exit\n\
         \x20 --health-check   exit with 0 if a server that runs here with this configuration is ready, else with 1\n\
         \n\
         Environment variables WSGEN__SECTION__KEY override the file, for instance WSGEN__LISTEN__ADDRESS=0.0.0.0:8080."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn both_forms_of_config() {
        for form in [&["--config", "a.toml"][..], &["--config=a.toml"]] {
            assert_eq!(parsed(form).unwrap().config, Some("a.toml".into()));
        }
        assert!(parsed(&["--config"]).is_err());
        assert!(parsed(&["--confg"]).is_err());
        assert!(parsed(&["--print-config"]).unwrap().print_config);
    }
}
