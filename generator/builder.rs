//! Generating from `build.rs`: one file in `OUT_DIR`, and what Cargo has to know.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::bundle::bundle;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, render_human};
use crate::document::{FileSystem, Sources};
use crate::model::TagValue;
use crate::naming::visible;
use crate::options::{ChannelLayout, MessageRule, Options, Perspective};

/// Generates the code of a document from `build.rs`, to be included by `wsgen_runtime::include_api!`.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), wsgen::BuildError> {
///     wsgen::Builder::new().generate("asyncapi.yaml")
/// }
/// ```
///
/// ```ignore
/// // src/lib.rs
/// pub mod generated {
///     wsgen_runtime::include_api!("asyncapi.rs");
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is generated before `generate` is called"]
pub struct Builder {
    options: Options,
    allowed: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    file_name: Option<String>,
    deny_warnings: bool,
}

/// Why nothing was generated. It reads well by `Debug` too, since that is how `main` of a `build.rs` shows it.
pub enum BuildError {
    /// The document has errors: all of them, each with its place, as `wsgen check` shows them.
    Document(String),
    /// There is no `OUT_DIR`, and [`Builder::out_dir`] was not called.
    NoOutDir,
    /// The system says no.
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Builder {
    /// With the defaults of `wsgen init`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which side of the API the document describes; by default the server.
    pub fn perspective(mut self, perspective: Perspective) -> Self {
        self.options.perspective = perspective;
        self
    }

    /// How channels become routes; by default as their addresses say.
    pub fn channels(mut self, channels: ChannelLayout) -> Self {
        self.options.channels = channels;
        self
    }

    /// Generates this server of the document and others that are named, not all; may be called again. A URL such as
    /// `ws://localhost:8080/live` stands for a server that the document does not have.
    pub fn server(mut self, name: impl Into<String>) -> Self {
        self.options.servers.push(name.into());
        self
    }

    /// A folder outside the document's own from which references may read; may be called again.
    pub fn allow_ref_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.allowed.push(folder.into());
        self
    }

    /// Whether to generate a typed client as well, for which `wsgen-runtime` needs its feature `client`; by default not.
    pub fn client(mut self, client: bool) -> Self {
        self.options.client = client;
        self
    }

    /// A value of a property by which a message of the document is known, where its schemas do not say it; may be called
    /// again. The message goes by its key, its `name` or its `messageId`, and a property inside an object by a path with a
    /// dot, `header.name`.
    pub fn message_when(
        mut self,
        message: impl Into<String>,
        property: impl Into<String>,
        value: impl Into<TagValue>,
    ) -> Self {
        let (message, property) = (message.into(), property.into());
        let rules = &mut self.options.messages;
        let known = rules
            .iter_mut()
            .find(|rule| rule.message == message && rule.property == property);
        match known {
            Some(rule) => rule.values.push(value.into()),
            None => rules.push(MessageRule {
                message,
                property,
                values: vec![value.into()],
            }),
        }
        self
    }

    /// Whether warnings about the document are errors; by default not.
    pub fn deny_warnings(mut self, deny: bool) -> Self {
        self.deny_warnings = deny;
        self
    }

    /// Where to write; by default the `OUT_DIR` that Cargo sets.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// What the file is called; by default as the document, with `.rs`.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// Generates the code of the document at `path`, relative to the package's folder, unless the file says the same
    /// already. Tells Cargo which files it depends on, and what is questionable about them, on standard output.
    ///
    /// # Errors
    /// All errors of the document, or what the system says.
    pub fn generate(self, path: impl AsRef<Path>) -> Result<(), BuildError> {
        self.run(path.as_ref(), &mut io::stdout().lock())
    }

    fn run(self, path: &Path, cargo: &mut impl Write) -> Result<(), BuildError> {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::load(
            path,
            &FileSystem::new(path, &self.allowed),
            &mut diagnostics,
        );
        let document = path.file_name().unwrap_or(path.as_os_str());
        let called = document.to_string_lossy();
        let generated = match diagnostics.has_errors() {
            true => Err(Diagnostics::new()),
            false => crate::generate(&sources, &self.options, &called),
        };
        let files = generated.map(|output| {
            diagnostics.merge(output.diagnostics);
            output.files
        });
        let files = files.map_err(|errors| diagnostics.merge(errors));
        if self.deny_warnings {
            diagnostics = diagnostics.strict();
        }
        let files = files.ok().filter(|_| !diagnostics.has_errors());
        // Cargo that does not listen is not there.
        let _ = tell(&sources, &diagnostics, cargo);
        let Some(files) = files else {
            return Err(BuildError::Document(render_human(
                &diagnostics,
                &sources,
                false,
            )));
        };
        let header = crate::header(&called);
        let folder = self
            .out_dir
            .or_else(|| std::env::var_os("OUT_DIR").map(PathBuf::from))
            .ok_or(BuildError::NoOutDir)?;
        let target = match self.file_name {
            Some(name) => folder.join(name),
            None => folder.join(document).with_extension("rs"),
        };
        write_if_changed(&target, bundle(&files, &header).as_bytes()).map_err(|error| {
            BuildError::Io {
                path: target,
                error,
            }
        })
    }
}

/// What Cargo has to know: the files, also those that were looked for in vain, and the warnings.
fn tell(sources: &Sources, diagnostics: &Diagnostics, cargo: &mut impl Write) -> io::Result<()> {
    for file in sources.files() {
        let path = file.path().to_string_lossy();
        // A line break would be the end of the instruction, and the beginning of another.
        if !path.contains(['\n', '\r']) {
            writeln!(cargo, "cargo::rerun-if-changed={path}")?;
        }
    }
    let warnings = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Warning);
    for warning in warnings {
        writeln!(cargo, "cargo::warning={}", line(warning, sources))?;
    }
    Ok(())
}

/// A finding on one line.
fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let mut text = String::new();
    if let Some(location) = &diagnostic.location {
        let file = sources.file(location.file);
        let (line, column) = file.position(location.span.start);
        text.push_str(&format!("{}:{line}:{column}: ", file.name()));
    }
    text.push_str(&format!("{} [{}]", diagnostic.message, diagnostic.code));
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("; {help}"));
    }
    visible(&text.replace(['\n', '\r', '\t'], " ")).into_owned()
}

/// A file that is not written keeps its time, and what is made of it stays fresh.
fn write_if_changed(path: &Path, contents: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|found| found == contents) {
        return Ok(());
    }
    fs::write(path, contents)
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(findings) => {
                write!(f, "the document has errors\n\n{}", findings.trim_end())
            }
            Self::NoOutDir => f.write_str(
                "OUT_DIR is not set: call `Builder::generate` from build.rs, or name a folder by `Builder::out_dir`",
            ),
            Self::Io { path, error } => write!(f, "cannot write `{}`: {error}", path.display()),
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for BuildError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    const DOCUMENT: &str = "\
asyncapi: 3.0.0
info: {title: Echo, version: 1.0.0}
servers: {main: {host: localhost, protocol: ws}}
channels: {echo: {address: /echo, messages: {ping: {$ref: 'ping.yaml'}}}}
operations: {receivePing: {action: receive, channel: {$ref: '#/channels/echo'}}}
";

    /// A run on a document and a file beside it; what Cargo is told, and how it ended.
    fn run(
        folder: &Path,
        document: &str,
        beside: Option<&str>,
    ) -> (String, Result<(), BuildError>) {
        let path = folder.join("echo.yaml");
        fs::write(&path, document).unwrap();
        if let Some(text) = beside {
            fs::write(folder.join("ping.yaml"), text).unwrap();
        }
        let mut told = Vec::new();
        let result = Builder::new().out_dir(folder).run(&path, &mut told);
        (String::from_utf8(told).unwrap(), result)
    }

    #[test]
    fn warnings_are_errors_where_they_are_denied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("echo.yaml");
        fs::write(
            &path,
            DOCUMENT.replace("protocol: ws", "protocol: websocket"),
        )
        .unwrap();
        fs::write(folder.path().join("ping.yaml"), "payload: {type: string}").unwrap();
        let run = |builder: Builder| builder.out_dir(folder.path()).run(&path, &mut Vec::new());
        run(Builder::new()).unwrap();
        let refused = run(Builder::new().deny_warnings(true)).unwrap_err();
        assert!(refused.to_string().contains("taken as `ws`"), "{refused}");
    }

    #[test]
    fn every_file_is_named_and_the_output_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let (told, result) = run(folder.path(), DOCUMENT, Some("payload: {type: string}"));
        result.unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert!(
            lines[0].ends_with("echo.yaml") && lines[1].ends_with("ping.yaml"),
            "{told}"
        );
        let output = folder.path().join("echo.rs");
        let text = fs::read_to_string(&output).unwrap();
        assert!(
            text.contains("\npub mod echo {\n    //! `/echo`\n"),
            "{text}"
        );
        let written = fs::metadata(&output).unwrap().modified().unwrap();
        run(folder.path(), DOCUMENT, None).1.unwrap();
        assert_eq!(fs::metadata(&output).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn a_file_that_is_missing_is_waited_for_and_told_as_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (told, result) = run(folder.path(), DOCUMENT, None);
        assert!(told.contains("ping.yaml\n"), "{told}");
        let error = format!("{:?}", result.unwrap_err());
        assert!(
            error.contains("ping.yaml") && error.contains("-->"),
            "{error}"
        );
        assert!(!folder.path().join("echo.rs").exists());
    }

    #[test]
    fn a_warning_is_one_line_without_controls() {
        let folder = tempfile::tempdir().unwrap();
        let bindings = "bindings: {ws: {bindingVersion: \"1\\e[31m\\nmary\"}}, protocol: ws";
        let document = DOCUMENT.replace("protocol: ws", bindings);
        let (told, result) = run(folder.path(), &document, Some("payload: {type: string}"));
        result.unwrap();
        assert_eq!(told.lines().count(), 3, "{told}");
        assert!(
            told.contains("cargo::warning=") && told.contains("1\\u{1b}[31m mary"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'));
    }
}
