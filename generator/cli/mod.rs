//! The command line: the only code that prints or exits.

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

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use wsgen::diagnostic::Diagnostics;
use wsgen::document::{FileSystem, Sources};
use wsgen::{ChannelLayout, Options, Perspective};

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

/// The document to read.
#[derive(Args, Debug)]
struct Input {
    /// The AsyncAPI document, in YAML or JSON; `-` reads standard input.
    spec: PathBuf,
    #[command(flatten)]
    choices: Choices,
}

/// What the user decided about the document.
#[derive(Args, Debug, Default)]
struct Choices {
    /// Which side of the API the document describes [default: server].
    #[arg(long, value_enum)]
    perspective: Option<Perspective>,
    /// How channels become routes [default: auto].
    #[arg(long, value_enum)]
    channels: Option<ChannelLayout>,
    /// Generate this server only (repeatable).
    #[arg(long = "server", value_name = "NAME")]
    servers: Vec<String>,
    /// A folder outside the document's own from which references may read (repeatable).
    #[arg(long, value_name = "DIR")]
    allow_ref_root: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For code scanners, by `check`.
    Sarif,
    /// For a picture, by `inspect`.
    Mermaid,
    /// For a page or a comment, by `diff`.
    Markdown,
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
        Command::Diff(diff) => diff.run(&output),
        Command::Explain(explain) => explain.run(&output),
        Command::Completions(completions) => completions.run(&output),
        Command::Man(man) => man.run(&output),
    }
}

impl Input {
    /// What to call the document.
    fn name(&self) -> String {
        called(&self.spec)
    }

    fn load(&self, diagnostics: &mut Diagnostics) -> Sources {
        self.choices.load(&self.spec, diagnostics)
    }

    fn options(&self) -> Options {
        self.choices.options()
    }
}

/// What to call a document.
fn called(spec: &Path) -> String {
    match spec.as_os_str() == "-" {
        true => "standard input".to_owned(),
        false => spec.display().to_string(),
    }
}

impl Choices {
    fn load(&self, spec: &Path, diagnostics: &mut Diagnostics) -> Sources {
        let files = FileSystem::new(spec, &self.allow_ref_root);
        Sources::load(spec, &files, diagnostics)
    }

    fn options(&self) -> Options {
        self.over(Options::default())
    }

    /// These choices, and for what is not chosen those of `options`.
    fn over(&self, options: Options) -> Options {
        Options {
            perspective: self.perspective.unwrap_or(options.perspective),
            channels: self.channels.unwrap_or(options.channels),
            servers: match self.servers.is_empty() {
                true => options.servers,
                false => self.servers.clone(),
            },
            ..options
        }
    }
}
