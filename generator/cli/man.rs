//! `wsgen man`: manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};

use super::report::Output;

/// Write manual pages: wsgen.1, and one for each command.
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The folder to write them to; it must exist.
    dir: PathBuf,
}

impl Man {
    pub(super) fn run(self, wsgen: Command, output: &Output) -> ExitCode {
        match clap_mangen::generate_to(wsgen, &self.dir) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output.error(&format!(
                "cannot write manual pages to `{}`: {error}",
                self.dir.display()
            )),
        }
    }
}
