//! Which servers of the document speak WebSocket and are wanted.

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{Document, Server, ServerId};

use super::assumed::is_url;
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
        } else if wanted.is_empty() || wanted.iter().any(|name| is(server, name)) {
            warn_of_protocol(server, cx.diagnostics);
            selected.push(id);
        }
    }
    for name in wanted.iter().filter(|name| !is_url(name)) {
        report_unknown(document, name, cx.diagnostics);
    }
    if selected.is_empty() && !cx.diagnostics.has_errors() {
        report_none(document, cx.diagnostics);
    }
    (!selected.is_empty()).then_some(selected)
}

/// Whether a server is the one that the user names, by its name or by its URL.
fn is(server: &Server<'_>, wanted: &str) -> bool {
    server.name == wanted || (is_url(wanted) && server.url.as_deref() == Some(wanted))
}

/// What AsyncAPI calls a protocol that is written in another way.
fn warn_of_protocol(server: &Server<'_>, diagnostics: &mut Diagnostics) {
    let Some(written) = server.protocol else {
        return;
    };
    let Some(meant) = websocket_protocol(written) else {
        return;
    };
    if written.eq_ignore_ascii_case(meant) {
        return;
    }
    let node = server.node.get("protocol").unwrap_or(server.node);
    diagnostics
        .warning(
            Code::InvalidValue,
            node.location(),
            format!("AsyncAPI has no protocol `{written}`: it is taken as `{meant}`"),
        )
        .help(format!("write `protocol: {meant}`"));
}

/// `ws` or `wss`, where a protocol is one of these in whatever spelling.
pub(super) fn websocket_protocol(written: &str) -> Option<&'static str> {
    let letters = written.chars().filter(char::is_ascii_alphanumeric);
    let letters: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    match letters.as_str() {
        "ws" | "websocket" | "websockets" | "socket" | "sockets" | "rfc6455" => Some("ws"),
        "wss" | "wssecure" | "websocketsecure" | "websocketssecure" | "securewebsocket"
        | "securewebsockets" | "websockettls" | "websocketssl" => Some("wss"),
        _ => None,
    }
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
        protocol if websocket_protocol(protocol).is_some() => true,
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
            "the document has `servers` without a server, and bindings of other protocols",
        ),
        (None, true) => (
            Code::NoWebSocketServer,
            "the document has no servers, and bindings of other protocols",
        ),
        (_, false) => (
            Code::NoWebSocketServer,
            "no server of the document speaks WebSocket",
        ),
    };
    let location = servers.unwrap_or(document.node).key_location();
    let help = match found.as_slice() {
        [] => "add one under `servers` with `protocol: ws` or `wss`, or say where it is by `--server ws://HOST:PORT/PATH`".to_owned(),
        found => format!(
            "found {}; a WebSocket server has `protocol: ws` or `wss`, or is named by `--server ws://HOST:PORT/PATH`",
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
