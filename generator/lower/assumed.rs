//! Servers that the document does not have: those that the user names by a URL, or one for local use where there is none.

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Document, Server, ServerId};
use crate::options::Options;

/// Where a document without servers is served, as long as nobody says otherwise.
const LOCAL: &str = "ws://localhost:8080";

/// What a server is called that has only a URL.
const NAME: &str = "main";

/// Adds the servers that the user names by a URL; without these, one for local use to a document that has no server.
///
/// A document that is about other protocols gets none: that it has no WebSocket server is no oversight. Says
/// whether it assumed one that nobody named.
pub(crate) fn assume_servers<'a>(
    document: &mut Document<'a>,
    options: &'a Options,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut urls = options
        .servers
        .iter()
        .filter(|name| is_url(name))
        .peekable();
    let is_assumed =
        urls.peek().is_none() && document.servers.is_empty() && !speaks_otherwise(document);
    if is_assumed {
        report(document, diagnostics);
        add(document, NAME, LOCAL);
    }
    for url in urls {
        let named = document.servers.iter().any(|server| server.name == NAME);
        add(document, if named { url } else { NAME }, url);
    }
    is_assumed
}

/// Whether a server is named by where it is.
pub(super) fn is_url(name: &str) -> bool {
    name.contains("://")
}

/// A server that has every channel.
fn add<'a>(document: &mut Document<'a>, name: &'a str, url: &'a str) {
    let id: ServerId = document.servers.push(Server {
        node: document.node,
        name,
        protocol: url.split_once("://").map(|(scheme, _)| scheme),
        url: Some(url.to_owned()),
        description: None,
        variables: indexmap::IndexMap::default(),
        security: Vec::new(),
        bindings: None,
    });
    let limited = document.channels.iter_mut();
    for channel in limited.filter(|channel| !channel.servers.is_empty()) {
        channel.servers.push(id);
    }
}

/// Whether channels, operations or messages have bindings, and none for WebSocket.
fn speaks_otherwise(document: &Document<'_>) -> bool {
    let messages = document
        .channels
        .iter()
        .flat_map(|channel| &channel.messages);
    let nodes = document.channels.iter().map(|channel| channel.node);
    let nodes = nodes.chain(document.operations.iter().map(|operation| operation.node));
    let nodes = nodes.chain(messages.map(|message| message.node));
    let mut protocols = nodes
        .filter_map(|node| node.get("bindings"))
        .flat_map(|bindings| bindings.entries())
        .map(|(protocol, _)| protocol)
        .filter(|protocol| !protocol.starts_with("x-") && *protocol != "$ref")
        .peekable();
    protocols.peek().is_some()
        && !protocols.any(|protocol| matches!(protocol, "ws" | "websockets" | "http"))
}

fn report(document: &Document<'_>, diagnostics: &mut Diagnostics) {
    let servers = document.node.get("servers");
    let (code, said) = match servers {
        Some(_) => (
            Code::EmptyServers,
            "the document has `servers` without a server",
        ),
        None => (Code::NoWebSocketServer, "the document has no servers"),
    };
    diagnostics
        .warning(
            code,
            servers.unwrap_or(document.node).key_location(),
            format!("{said}: `{LOCAL}` is assumed"),
        )
        .help("add the server under `servers` with `protocol: ws` or `wss`, or say where it is by `--server ws://HOST:PORT/PATH`");
}
