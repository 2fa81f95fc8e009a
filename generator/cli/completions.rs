//! `wsgen completions`: what a shell must know to complete commands.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::report::Output;

/// Print a script that lets a shell complete the commands of wsgen.
#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut wsgen: Command, output: &Output) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut wsgen, "wsgen", &mut script);
        output.result(&String::from_utf8_lossy(&script));
        ExitCode::SUCCESS
    }
}
