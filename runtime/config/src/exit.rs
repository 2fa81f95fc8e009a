//! Why a program ends before it serves.

use std::fmt;
use std::process::ExitCode;

/// Why a program ends before it serves: what it has to say, and its exit code.
///
/// 0 where it has done what it was asked for (`--help`, `--print-config`, a health check), 1 for a fault of the configuration
/// and for a server that is not ready, 2 for a fault of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing was said yet"]
pub struct Exit {
    code: u8,
    text: String,
}

impl Exit {
    pub(crate) fn success(text: String) -> Self {
        Self { code: 0, text }
    }

    pub(crate) fn fault(code: u8, fault: &dyn fmt::Display) -> Self {
        Self {
            code,
            text: format!("error: {fault}\n"),
        }
    }

    /// The code with which the process ends.
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// Writes what there is to say, faults to standard error and the rest to standard output; `main` returns the code.
    pub fn report(self) -> ExitCode {
        match self.code {
            0 => print!("{}", self.text),
            _ => eprint!("{}", self.text),
        }
        ExitCode::from(self.code)
    }
}

/// What there is to say.
impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Exit {}
