//! Where each server is, and where on it each of its routes is.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::diagnostic::{Code, Diagnostics};
use crate::document::{Server, ServerId};
use crate::model::{RouteId, ServedRoute, path_template};
use crate::table::Table;

use super::context::Context;
use super::layout::Group;
use super::servers::websocket_protocol;

/// Where a server is.
pub(super) struct Address {
    pub(super) server: ServerId,
    /// The public URL, variables expanded.
    pub(super) url: String,
    /// Whether clients come by `wss`.
    pub(super) secure: bool,
    /// Where the URL says that it listens on this machine; `None` where it is somewhere else, or says no port.
    pub(super) local: Option<SocketAddr>,
    /// Whether a server before it has the same port of this machine.
    pub(super) shares_port: bool,
    /// The hosts that clients know it by.
    pub(super) hosts: Vec<String>,
    /// What it serves.
    pub(super) routes: Vec<ServedRoute>,
}

/// Finds out where the selected servers are, and where their routes.
pub(super) fn place(
    cx: &mut Context<'_, '_>,
    servers: &[ServerId],
    layout: &Table<RouteId, Group>,
) -> Vec<Address> {
    let document = cx.document;
    let mut ports = HashSet::new();
    let placed = servers.iter().map(|&id| {
        let server = &document.servers[id];
        let url = Url::parse(&expand(server), server.protocol);
        warn_of_rest(server, &url, cx.diagnostics);
        Address {
            local: url.local(),
            shares_port: url.local().is_some_and(|local| !ports.insert(local.port())),
            server: id,
            url: url.text(),
            secure: url.secure,
            hosts: hosts(server),
            routes: routes_of(id, &url.path, layout, cx),
        }
    });
    placed.collect()
}

fn routes_of(
    server: ServerId,
    base: &str,
    layout: &Table<RouteId, Group>,
    cx: &mut Context<'_, '_>,
) -> Vec<ServedRoute> {
    let mut served: Vec<ServedRoute> = Vec::new();
    let mut taken = HashMap::new();
    let own = layout.entries();
    for (route, group) in own.filter(|(_, group)| group.servers.contains(&server)) {
        let path = join(base, &group.path);
        let first = *taken.entry(path_template(&path)).or_insert(route);
        if first == route {
            served.push(ServedRoute { route, path });
            continue;
        }
        let name = cx.document.servers[server].name;
        let error = cx.diagnostics.error(
            Code::DuplicateRoute,
            group.location.clone(),
            format!("`{name}` has two routes at `{path}`"),
        );
        error.help("give the channels addresses of their own, or serve them on one socket by `--channels multiplex`");
        if let Some(other) = &layout[first].location {
            error.related(other.clone(), "the other one");
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

/// Says what of a server's URL is in no file.
fn warn_of_rest(server: &Server<'_>, url: &Url, diagnostics: &mut Diagnostics) {
    let name = server.name;
    if url.has_credentials {
        // At the server's key: the line of the URL shows the password.
        diagnostics
            .warning(
                Code::InvalidAddress,
                server.node.key_location(),
                format!(
                    "the URL of `{name}` has a user or a password, which is left out of every file"
                ),
            )
            .help(
                "remove it from the document, and describe by `security` what clients must present",
            );
    }
    if url.has_query {
        let location = match (url.has_credentials, server.node.get("url")) {
            (false, Some(node)) => node.location(),
            _ => server.node.key_location(),
        };
        diagnostics
            .warning(
                Code::InvalidAddress,
                location,
                format!("the URL of `{name}` has a query, which is neither sent nor looked at"),
            )
            .help("describe the query in the binding of each channel: `bindings.ws.query`");
    }
    let path = server.url.as_deref().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let path = path.find('/').map_or("", |start| &path[start..]);
    for (variable, declared) in &server.variables {
        let used = path.contains(&format!("{{{variable}}}"));
        let chosen = declared.default.or(declared.allowed.first().copied());
        let others = declared
            .allowed
            .iter()
            .filter(|value| Some(**value) != chosen);
        let others: Vec<String> = others.map(|value| format!("`{value}`")).collect();
        if let Some(chosen) = chosen.filter(|_| used && !others.is_empty()) {
            diagnostics
                .warning(
                    Code::UnservedValue,
                    declared.node.key_location(),
                    format!(
                        "`{name}` is served where `{variable}` is `{chosen}`, and not where it is {}",
                        others.join(" or ")
                    ),
                )
                .help(format!("describe a server for each value, or make it a parameter of the channels' addresses: `/{{{variable}}}`"));
        }
    }
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
struct Url {
    secure: bool,
    authority: String,
    path: String,
    /// Whether it has a user or a password.
    has_credentials: bool,
    /// Whether it has a query.
    has_query: bool,
}

impl Url {
    fn parse(url: &str, protocol: Option<&str>) -> Self {
        let (scheme, rest) = url
            .split_once("://")
            .map_or((protocol.unwrap_or("ws"), url), |(scheme, rest)| {
                (scheme, rest)
            });
        let (rest, query) = rest
            .find(['?', '#'])
            .map_or((rest, ""), |start| rest.split_at(start));
        let (authority, path) = rest
            .find('/')
            .map_or((rest, ""), |start| rest.split_at(start));
        // Credentials in a URL are the client's business, and none of the generated code's.
        let (credentials, authority) = authority
            .rsplit_once('@')
            .map_or((None, authority), |(before, host)| (Some(before), host));
        Self {
            secure: matches!(scheme.to_ascii_lowercase().as_str(), "wss" | "https")
                || websocket_protocol(scheme) == Some("wss"),
            authority: authority.to_owned(),
            path: path.trim_end_matches('/').to_owned(),
            has_credentials: credentials.is_some(),
            has_query: query.starts_with('?'),
        }
    }

    /// The address on this machine, where the URL names one with its port.
    fn local(&self) -> Option<SocketAddr> {
        let (host, port) = self.authority.rsplit_once(':')?;
        let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = match host.to_ascii_lowercase().as_str() {
            "localhost" | "0.0.0.0" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            host => host.parse::<IpAddr>().ok()?,
        };
        loopback
            .is_loopback()
            .then(|| SocketAddr::new(loopback, port))
    }

    fn text(&self) -> String {
        format!(
            "{}://{}{}",
            if self.secure { "wss" } else { "ws" },
            self.authority,
            self.path
        )
    }
}
