//! `wsgen man`: manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};

use super::Cli;
use super::report::Output;

/// Write manual pages: wsgen.1, and one for each command.
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The folder to write them to; it must exist.
    dir: PathBuf,
}

impl Man {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        match clap_mangen::generate_to(Cli::command(), &self.dir) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output.error(&format!(
                "cannot write manual pages to `{}`: {error}",
                self.dir.display()
            )),
        }
    }
}
