//! What kind of document this is, and of which version.

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{Incomplete, Kind, Node, Version};

/// The version of a document, and whether it is only a part of one.
pub(super) struct Edition {
    pub(super) version: Version,
    pub(super) is_fragment: bool,
    /// What a part of a document lacks that says its version.
    pub(super) incomplete: Option<Incomplete>,
}

/// The latest minor versions that are known.
const LATEST_V2: u32 = 6;
const LATEST_V3: u32 = 1;

/// Finds out the edition of a document; what is no AsyncAPI document at all is reported.
pub(super) fn edition(root: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Edition> {
    if !root.is_object() {
        report_no_object(root, diagnostics);
        return None;
    }
    let Some(written) = root.get("asyncapi") else {
        return without_version(root, diagnostics);
    };
    let location = written.location();
    let text = match written.kind() {
        Kind::String(text) => text,
        Kind::Number(_) => {
            let text = &root.file().text()[location.span.clone()];
            diagnostics
                .warning(
                    Code::WrongType,
                    location.clone(),
                    "the version of AsyncAPI is a number here, and should be a string",
                )
                .help(format!(
                    "write it with all its parts and in quotes: \"{text}.0\""
                ));
            text
        }
        _ => {
            diagnostics
                .error(
                    Code::WrongType,
                    location,
                    format!(
                        "expected a version such as `3.0.0`, found {}",
                        written.describe()
                    ),
                )
                .help("write `asyncapi: 3.0.0`");
            return None;
        }
    };
    let mut parts = text
        .trim()
        .trim_start_matches('v')
        .split(['.', '-'])
        .map(|part| part.parse::<u32>().ok());
    let major = parts.next().flatten();
    let minor = parts.next().flatten().unwrap_or(0);
    let version = match major {
        Some(2) => Version::V2(minor.min(LATEST_V2)),
        Some(3) => Version::V3(minor.min(LATEST_V3)),
        _ => {
            let help = match major {
                Some(1) => {
                    "AsyncAPI 1.x is long gone: `asyncapi convert` of the AsyncAPI CLI brings a document to 2.x or 3.x"
                }
                _ => "wsgen reads AsyncAPI 2.0 to 2.6, 3.0 and 3.1",
            };
            diagnostics
                .error(
                    Code::UnknownVersion,
                    location,
                    format!("unknown version of AsyncAPI: `{text}`"),
                )
                .help(help);
            return None;
        }
    };
    if !matches!((version, minor), (Version::V2(known) | Version::V3(known), written) if known == written)
    {
        diagnostics
            .warning(Code::UnknownVersion, location, format!("wsgen does not know version `{text}` of AsyncAPI yet; the document is read as {version}"))
            .help("what is new in that version is not understood");
    }
    let is_fragment = root.get("info").is_none();
    let mut incomplete = None;
    if is_fragment {
        let missing = missing(root, version);
        if has_parts(root) {
            incomplete = Some(Incomplete {
                place: written.key_location(),
                missing,
            });
        } else {
            diagnostics
                .warning(
                    Code::Fragment,
                    written.key_location(),
                    format!("this document says nothing but its version: {missing} missing"),
                )
                .help("describe the `servers`, the `channels` and their messages");
        }
    }
    Some(Edition {
        version,
        is_fragment,
        incomplete,
    })
}

/// A document without `asyncapi`: a fragment, or something else.
fn without_version(root: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Edition> {
    let start = root
        .entries()
        .next()
        .map_or(root.location(), |(_, first)| first.key_location());
    for (key, name) in [("openapi", "OpenAPI"), ("swagger", "Swagger")] {
        if let Some(found) = root.get(key) {
            diagnostics
                .error(Code::NotAsyncApi, found.key_location(), format!("this is an {name} document, not AsyncAPI"))
                .help("wsgen generates WebSocket servers, which AsyncAPI describes; use a generator for HTTP APIs here");
            return None;
        }
    }
    if let Some((key, found)) = root
        .entries()
        .find(|(key, _)| nearest(key, ["asyncapi"]).is_some())
    {
        diagnostics
            .error(
                Code::NotAsyncApi,
                found.key_location(),
                format!("the version of AsyncAPI is given as `{key}`"),
            )
            .help("call it `asyncapi`");
        return None;
    }
    if !has_parts(root) {
        diagnostics
            .error(
                Code::NotAsyncApi,
                start,
                "this is not an AsyncAPI document: it has no `asyncapi`",
            )
            .help("an AsyncAPI document begins with its version: `asyncapi: 3.0.0`");
        return None;
    }
    let version = if looks_like_v3(root) {
        Version::V3(0)
    } else {
        Version::V2(LATEST_V2)
    };
    let missing = missing(root, version);
    diagnostics
        .warning(Code::Fragment, start, format!("this is a part of an AsyncAPI document: {missing} missing; it is read as {version}"))
        .help("begin the document with its version, such as `asyncapi: 3.0.0`, and add what else is missing");
    Some(Edition {
        version,
        is_fragment: true,
        incomplete: None,
    })
}

/// Whether there is anything of an API in the document.
fn has_parts(root: Node<'_>) -> bool {
    let parts = ["servers", "channels", "operations", "components"];
    parts.iter().any(|part| root.get(part).is_some())
}

/// What a document of this version must have and this one does not, with its verb.
fn missing(root: Node<'_>, version: Version) -> String {
    let required: &[&str] = match version {
        Version::V2(_) => &["asyncapi", "info", "channels"],
        Version::V3(_) => &["asyncapi", "info"],
    };
    let absent = required.iter().filter(|key| root.get(key).is_none());
    let missing: Vec<String> = absent.map(|key| format!("`{key}`")).collect();
    format!(
        "{} {}",
        missing.join(", "),
        if missing.len() == 1 { "is" } else { "are" }
    )
}

/// Whether the parts of a fragment are written as 3.x has them.
fn looks_like_v3(root: Node<'_>) -> bool {
    let any = |part: &str, keys: &[&str]| {
        root.get(part).is_some_and(|part| {
            part.entries()
                .any(|(_, entry)| keys.iter().any(|key| entry.get(key).is_some()))
        })
    };
    root.get("operations").is_some()
        || any("servers", &["host"])
        || any("channels", &["address", "messages"])
}

fn report_no_object(root: Node<'_>, diagnostics: &mut Diagnostics) {
    let location = root.location();
    match root.kind() {
        Kind::Null => {
            diagnostics
                .error(Code::NotAsyncApi, location, "the document is empty")
                .help("an AsyncAPI document begins with its version: `asyncapi: 3.0.0`");
        }
        Kind::String(text) if text.contains("asyncapi") => {
            diagnostics
                .error(Code::NotAsyncApi, location, "the whole document is inside one string")
                .help("remove the quotes around it, or the `|` or `>` in front, so that it is YAML or JSON itself");
        }
        _ => {
            diagnostics
                .error(
                    Code::NotAsyncApi,
                    location,
                    format!(
                        "an AsyncAPI document is an object, this is {}",
                        root.describe()
                    ),
                )
                .help("an AsyncAPI document begins with its version: `asyncapi: 3.0.0`");
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Version::V2(minor) => write!(f, "AsyncAPI 2.{minor}"),
            Version::V3(minor) => write!(f, "AsyncAPI 3.{minor}"),
        }
    }
}
