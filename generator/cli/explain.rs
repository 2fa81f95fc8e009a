//! `wsgen explain`: a diagnostic code at length.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use wsgen::diagnostic::Code;

use super::Format;
use super::report::Output;

/// Explain a diagnostic code, such as `no-websocket-server`; without one, list them all.
#[derive(Args, Debug)]
pub(super) struct Explain {
    /// The code, as it stands in brackets behind `error` or `warning`.
    code: Option<Code>,
}

impl Explain {
    pub(super) fn run(self, output: &Output) -> ExitCode {
        let json = output.format == Format::Json;
        output.result(&match self.code {
            Some(code) if json => format!("{:#}\n", entry(code)),
            Some(code) => code.explanation().to_owned(),
            None if json => {
                let codes: serde_json::Value = Code::ALL.iter().copied().map(entry).collect();
                format!("{codes:#}\n")
            }
            None => list(),
        });
        ExitCode::SUCCESS
    }
}

fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for code in Code::ALL {
        let _ = writeln!(text, "{:width$}  {}", code.as_str(), code.title());
    }
    text
}

fn entry(code: Code) -> serde_json::Value {
    json!({ "code": code.as_str(), "title": code.title(), "explanation": code.explanation() })
}
