//! The command line of a generated server.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::exit::Exit;
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
    /// Reads the command line of this process and the configuration that it names; the start of every generated `main`.
    ///
    /// Options: `--config PATH` (else `default_path`: in the working directory, then in the package that `cargo run`
    /// runs), `--print-config` and `--help`, and `--health-check`, which asks a running server of this configuration whether
    /// it is ready.
    ///
    /// # Errors
    /// The program is to end instead of serving: what was asked for is no server, or there is a fault.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use wsgen_config::Config;
    ///
    /// fn main() -> ExitCode {
    ///     let config = match Config::from_args("config/production.toml") {
    ///         Ok(config) => config,
    ///         Err(exit) => return exit.report(),
    ///     };
    ///     // …
    /// #   let _ = config;
    ///     ExitCode::SUCCESS
    /// }
    /// ```
    pub fn from_args(default_path: &str) -> Result<Self, Exit> {
        Self::from_arguments(std::env::args_os().skip(1), default_path)
    }

    /// [`Config::from_args`] with arguments of the caller's, without the name of the program: for an application with a
    /// command line of its own.
    ///
    /// # Errors
    /// As for [`Config::from_args`].
    pub fn from_arguments<A: Into<OsString>>(
        arguments: impl IntoIterator<Item = A>,
        default_path: &str,
    ) -> Result<Self, Exit> {
        let arguments = parse(arguments.into_iter().map(Into::into))
            .map_err(|fault| Exit::fault(2, &format!("{fault}\n\n{}", usage(default_path))))?;
        if arguments.help {
            return Err(Exit::success(usage(default_path) + "\n"));
        }
        let path = arguments
            .config
            .unwrap_or_else(|| load::find(default_path.as_ref()));
        let config = Self::load(path).map_err(|fault| Exit::fault(1, &fault))?;
        if arguments.print_config {
            return Err(Exit::success(config.to_toml()));
        }
        if arguments.health_check {
            return Err(match health::check(&config.admin) {
                Ok(()) => Exit::success(String::new()),
                Err(fault) => Exit::fault(1, &fault),
            });
        }
        Ok(config)
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

    #[test]
    fn whoever_asks_for_no_server_is_answered() {
        let ended = |arguments: &[&str]| {
            let exit = Config::from_arguments(arguments, "no/such.toml").unwrap_err();
            (exit.code(), exit.to_string())
        };
        let (code, said) = ended(&["--help"]);
        assert_eq!(code, 0);
        assert!(
            said.starts_with("Usage: ") && said.contains("no/such.toml"),
            "{said}"
        );
        let (code, said) = ended(&["--confg"]);
        assert_eq!(code, 2);
        assert!(said.starts_with("error: unexpected argument"), "{said}");
        let (code, said) = ended(&["--print-config"]);
        assert_eq!(code, 1);
        assert!(
            said.starts_with("error: cannot read no/such.toml"),
            "{said}"
        );
    }
}
