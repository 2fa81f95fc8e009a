//! The command line: the only code that prints or exits.

mod arguments;
mod check;
mod completions;
mod diff;
mod explain;
mod generate;
mod init;
mod inspect;
mod man;
mod new;
mod report;
mod update;
mod watch;
mod workspace;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use arguments::{Color, Format};

/// Generates WebSocket servers in Rust from AsyncAPI documents.
#[derive(Debug, Parser)]
#[command(name = "wsgen", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours; `NO_COLOR` is honoured.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = COMMON)]
    color: Color,
    /// How to write findings and results.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, help_heading = COMMON)]
    format: Format,
    /// Say only what is wrong.
    #[arg(short, long, global = true, help_heading = COMMON)]
    quiet: bool,
    /// Say as well which files were read, and how many findings there are.
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = COMMON)]
    verbose: bool,
}

/// What every command understands.
const COMMON: &str = "Common options";

const AFTER_HELP: &str = "\
First steps:
  wsgen check asyncapi.yaml        say what is wrong with a document
  wsgen init asyncapi.yaml demo    make a project of it in ./demo
  wsgen new demo                   the same without a document of your own
  cargo run --manifest-path demo/Cargo.toml

Exit codes: 0 done, 1 the document or the project is at fault, 2 wrong usage";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    New(new::New),
    Generate(generate::Generate),
    Watch(watch::Watch),
    Check(check::Check),
    Inspect(inspect::Inspect),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Parses the arguments and does what they say: 0 when done, 1 when the document or the project is at fault, 2 for wrong usage.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let known = match cli.format {
        Format::Human | Format::Json => true,
        Format::Sarif => matches!(cli.command, Command::Check(_)),
        Format::Mermaid => matches!(cli.command, Command::Inspect(_)),
        Format::Markdown => matches!(cli.command, Command::Diff(_)),
    };
    if !known {
        let message =
            "`--format sarif` is for `check`, `mermaid` for `inspect`, `markdown` for `diff`";
        Cli::command()
            .error(ErrorKind::ArgumentConflict, message)
            .exit();
    }
    let detail = match (cli.quiet, cli.verbose) {
        (true, _) => report::Detail::Quiet,
        (false, true) => report::Detail::Verbose,
        (false, false) => report::Detail::Normal,
    };
    let output = report::Output::new(cli.color, cli.format, detail);
    match cli.command {
        Command::Init(init) => init.run(&output),
        Command::New(new) => new.run(&output),
        Command::Generate(generate) => generate.run(&output),
        Command::Watch(watch) => watch.run(&output),
        Command::Check(check) => check.run(&output),
        Command::Inspect(inspect) => inspect.run(&output),
        Command::Diff(diff) => diff.run(Cli::command(), &output),
        Command::Explain(explain) => explain.run(&output),
        Command::Completions(completions) => completions.run(Cli::command(), &output),
        Command::Man(man) => man.run(Cli::command(), &output),
    }
}
