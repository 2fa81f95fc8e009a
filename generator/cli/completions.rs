//! `wsgen completions`: what a shell must know to complete commands.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::report::Output;

/// Print a script that lets a shell complete the commands of wsgen.
#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "wsgen", &mut script);
        output.result(&String::from_utf8_lossy(&script));
        ExitCode::SUCCESS
    }
}
