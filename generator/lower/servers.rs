//! Which servers of the document speak WebSocket and are wanted.

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{Document, ServerId};

use super::context::Context;

/// The WebSocket servers of the document that are wanted; `None` where there is none.
pub(super) fn select(cx: &mut Context<'_, '_>) -> Option<Vec<ServerId>> {
    let (document, wanted) = (cx.document, &cx.options.servers);
    let mut selected = Vec::new();
    for (id, server) in document.servers.entries() {
        if !speaks_websocket(document, id) {
            let protocol = server.protocol.unwrap_or("no protocol");
            cx.diagnostics.note(
                Code::SkippedServer,
                server.node.key_location(),
                format!(
                    "`{}` is left out: it speaks {protocol}, not WebSocket",
                    server.name
                ),
            );
        } else if wanted.is_empty() || wanted.iter().any(|name| name == server.name) {
            selected.push(id);
        }
    }
    for name in wanted {
        report_unknown(document, name, cx.diagnostics);
    }
    if selected.is_empty() && !cx.diagnostics.has_errors() {
        report_none(document, cx.diagnostics);
    }
    (!selected.is_empty()).then_some(selected)
}

fn report_unknown(document: &Document<'_>, name: &str, diagnostics: &mut Diagnostics) {
    let names: Vec<&str> = document.servers.iter().map(|server| server.name).collect();
    if names.contains(&name) {
        return;
    }
    let help = match nearest(name, names.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("it has {}", list(&names)),
    };
    let servers = document.node.get("servers").unwrap_or(document.node);
    diagnostics
        .error(
            Code::UnknownServer,
            servers.key_location(),
            format!("the document has no server `{name}`"),
        )
        .help(help);
}

fn speaks_websocket(document: &Document<'_>, id: ServerId) -> bool {
    let server = &document.servers[id];
    let protocol = server
        .protocol
        .or_else(|| {
            server
                .url
                .as_deref()?
                .split_once("://")
                .map(|(protocol, _)| protocol)
        })
        .unwrap_or_default()
        .to_ascii_lowercase();
    let bound = server.bindings.is_some_and(|bindings| {
        bindings.get("ws").is_some() || bindings.get("websockets").is_some()
    });
    // A channel says so for the servers that it is limited to, or for a web server: not for a broker that shares the document.
    let carried = |web: bool| {
        document.channels.iter().any(|channel| {
            channel.binding.is_some()
                && (channel.servers.contains(&id) || (web && channel.servers.is_empty()))
        })
    };
    match protocol.as_str() {
        "ws" | "wss" => true,
        "http" | "https" | "" => bound || carried(true),
        _ => bound,
    }
}

fn report_none(document: &Document<'_>, diagnostics: &mut Diagnostics) {
    let servers = document.node.get("servers");
    let found: Vec<String> = document
        .servers
        .iter()
        .map(|server| {
            format!(
                "`{}` ({})",
                server.name,
                server.protocol.unwrap_or("no protocol")
            )
        })
        .collect();
    let (code, message) = match (servers, found.is_empty()) {
        (Some(_), true) => (
            Code::EmptyServers,
            "the document has `servers` without a server",
        ),
        (None, true) => (Code::NoWebSocketServer, "the document has no servers"),
        (_, false) => (
            Code::NoWebSocketServer,
            "no server of the document speaks WebSocket",
        ),
    };
    let location = servers.unwrap_or(document.node).key_location();
    let help = match found.as_slice() {
        [] => "add one under `servers` with `protocol: ws` or `wss`".to_owned(),
        found => format!(
            "found {}; a WebSocket server has `protocol: ws` or `wss`",
            found.join(", ")
        ),
    };
    diagnostics.error(code, location, message).help(help);
}

fn list(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
