//! Which servers of the document speak WebSocket, and what each of them serves where.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{Document, Server};
use crate::model;
use crate::naming::{Scope, file_name, value_name};

use super::layout::Group;
use super::security;

/// The WebSocket servers of the document, as indices into [`Document::servers`].
pub(super) fn select(
    document: &Document<'_>,
    wanted: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<usize> {
    let mut selected = Vec::new();
    for (index, server) in document.servers.iter().enumerate() {
        if !speaks_websocket(document, index) {
            let protocol = server.protocol.unwrap_or("no protocol");
            diagnostics.note(
                Code::SkippedServer,
                server.node.key_location(),
                format!(
                    "`{}` is left out: it speaks {protocol}, not WebSocket",
                    server.name
                ),
            );
        } else if wanted.is_empty() || wanted.iter().any(|name| name == server.name) {
            selected.push(index);
        }
    }
    for name in wanted {
        if !document.servers.iter().any(|server| server.name == name) {
            let names: Vec<&str> = document.servers.iter().map(|server| server.name).collect();
            let help = match nearest(name, names.iter().copied()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("it has {}", list(&names)),
            };
            diagnostics
                .error(
                    Code::UnknownServer,
                    document
                        .node
                        .get("servers")
                        .unwrap_or(document.node)
                        .key_location(),
                    format!("the document has no server `{name}`"),
                )
                .help(help);
        }
    }
    if selected.is_empty() && !diagnostics.has_errors() {
        report_none(document, diagnostics);
    }
    selected
}

/// Lowers the selected servers.
pub(super) fn lower(
    document: &Document<'_>,
    selected: &[usize],
    groups: &[Group],
    diagnostics: &mut Diagnostics,
) -> Vec<model::Server> {
    let mut functions = Scope::default();
    let mut files = Scope::default();
    let mut lowered = Vec::new();
    for (port, &index) in (0_u16..).zip(selected) {
        let server = &document.servers[index];
        let url = expand(server);
        let address = Address::parse(&url, server.protocol);
        let routes = routes_of(index, &address.path, server, groups, diagnostics);
        lowered.push(model::Server {
            place: server.node.key_location(),
            name: server.name.to_owned(),
            function: functions.claim(&[&value_name(server.name)]),
            file: files.claim(&[&file_name(server.name)]).replace('_', "-"),
            description: server.description.map(str::to_owned),
            listen: format!("127.0.0.1:{}", FIRST_PORT.saturating_add(port)),
            admin: format!("127.0.0.1:{}", FIRST_ADMIN_PORT.saturating_add(port)),
            secure: address.secure,
            hosts: hosts(server),
            url: address.url(),
            security: security::lower(&server.security, diagnostics),
            operation_schemes: Vec::new(),
            routes,
        });
    }
    lowered
}

const FIRST_PORT: u16 = 8080;
const FIRST_ADMIN_PORT: u16 = 9090;

fn speaks_websocket(document: &Document<'_>, index: usize) -> bool {
    let server = &document.servers[index];
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
                && (channel.servers.contains(&index) || (web && channel.servers.is_empty()))
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

/// A server's URL, its variables replaced by their defaults, or by their names where they have none.
fn expand(server: &Server<'_>) -> String {
    let template = server.url.as_deref().unwrap_or_default();
    let mut url = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        url.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        let variable = server.variables.get(name);
        match variable.and_then(|variable| variable.default.or(variable.allowed.first().copied())) {
            Some(value) => url.push_str(value),
            // The rules report it.
            None => url.push_str(name),
        }
        rest = after;
    }
    url.push_str(rest);
    url
}

/// The hosts that the URL can name, whatever values its variables have.
fn hosts(server: &Server<'_>) -> Vec<String> {
    let template = server.url.as_deref().unwrap_or_default();
    let template = template
        .split_once("://")
        .map_or(template, |(_, rest)| rest);
    let authority = template.split(['/', '?', '#']).next().unwrap_or_default();
    let mut hosts = Vec::new();
    for authority in expansions(authority, server) {
        let host = authority.rsplit('@').next().unwrap_or_default();
        let host = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => host,
        };
        let host = host.to_ascii_lowercase();
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// As many hosts as one server is told of: a document can have any number of variables.
const MOST_HOSTS: usize = 64;

/// The template with each of the values that its variables may have.
fn expansions(template: &str, server: &Server<'_>) -> Vec<String> {
    let mut expanded = vec![String::new()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{')
        && let Some((name, after)) = after.split_once('}')
    {
        let variable = server.variables.get(name);
        let values = variable.map_or(&[][..], |variable| &variable.allowed);
        let default = variable.and_then(|variable| variable.default);
        let mut values: Vec<&str> = default.into_iter().chain(values.iter().copied()).collect();
        values.dedup();
        expanded = expanded
            .iter()
            .flat_map(|begun| {
                values
                    .iter()
                    .map(move |value| format!("{begun}{before}{value}"))
            })
            .take(MOST_HOSTS)
            .collect();
        rest = after;
    }
    expanded.into_iter().map(|begun| begun + rest).collect()
}

/// A URL taken apart.
struct Address {
    secure: bool,
    authority: String,
    path: String,
}

impl Address {
    fn parse(url: &str, protocol: Option<&str>) -> Self {
        let (scheme, rest) = url
            .split_once("://")
            .map_or((protocol.unwrap_or("ws"), url), |(scheme, rest)| {
                (scheme, rest)
            });
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest
            .find('/')
            .map_or((rest, ""), |start| rest.split_at(start));
        // Credentials in a URL are the client's business, and none of the generated code's.
        let authority = authority.rsplit('@').next().unwrap_or_default();
        Self {
            secure: matches!(scheme.to_ascii_lowercase().as_str(), "wss" | "https"),
            authority: authority.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
        }
    }

    fn url(&self) -> String {
        format!(
            "{}://{}{}",
            if self.secure { "wss" } else { "ws" },
            self.authority,
            self.path
        )
    }
}

fn routes_of(
    server: usize,
    base: &str,
    declared: &Server<'_>,
    groups: &[Group],
    diagnostics: &mut Diagnostics,
) -> Vec<model::ServedRoute> {
    let mut served: Vec<model::ServedRoute> = Vec::new();
    let mut taken = HashMap::new();
    for (route, group) in groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.servers.contains(&server))
    {
        let path = join(base, &group.path);
        let first = *taken.entry(model::path_template(&path)).or_insert(route);
        if first != route {
            let error = diagnostics.error(
                Code::DuplicateRoute,
                group.location.clone(),
                format!("`{}` has two routes at `{path}`", declared.name),
            );
            error.help("give the channels addresses of their own, or serve them on one socket by `--channels multiplex`");
            if let Some(other) = &groups[first].location {
                error.related(other.clone(), "the other one");
            }
        } else {
            served.push(model::ServedRoute { route, path });
        }
    }
    served
}

/// The path below the server's own; an address that repeats the server's path is the whole path already.
fn join(base: &str, path: &str) -> String {
    let repeated = !base.is_empty()
        && path
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let joined = if repeated {
        path.to_owned()
    } else {
        format!("{base}{path}")
    };
    match joined.trim_end_matches('/') {
        "" => "/".to_owned(),
        trimmed => trimmed.to_owned(),
    }
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
