//! Servers and their variables.

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{Node, Server, Variable};

/// The properties of a server that both versions have.
const COMMON: &[&str] = &[
    "protocol",
    "protocolVersion",
    "description",
    "variables",
    "security",
    "tags",
    "bindings",
];

impl<'a> Reader<'a, '_> {
    /// Reads `servers`.
    pub(super) fn read_servers(&mut self) {
        for (name, entry) in self.entries(self.root.get("servers"), "`servers`") {
            let what = format!("the server `{name}`");
            let Some(node) = self.object(entry, &what) else {
                continue;
            };
            let id = self.servers.next_id();
            for value in [entry.id(), node.id()] {
                self.server_ids.entry(value).or_insert(id);
            }
            let server = self.server(name, node, &what);
            self.servers.push(server);
        }
    }

    fn server(&mut self, name: &'a str, node: Node<'a>, what: &str) -> Server<'a> {
        let (required, own): (&[&str], &[&str]) = match self.is_v3() {
            true => (
                &["host", "protocol"],
                &["host", "pathname", "title", "summary", "externalDocs"],
            ),
            false => (&["url", "protocol"], &["url"]),
        };
        let other_version = node.get(required[0]).is_none()
            && (node.get("url").is_some() || node.get("host").is_some());
        if other_version {
            self.report_other_version(node, what);
            self.require(node, what, &["protocol"]);
        } else {
            self.require(node, what, required);
            self.know(node, what, &[COMMON, own].concat());
        }
        let protocol = self.text(node.get("protocol"));
        let descriptions = ["description", "summary", "title"].map(|key| self.text(node.get(key)));
        let bindings = node
            .get("bindings")
            .and_then(|bindings| self.object(bindings, "`bindings`"));
        self.websocket_binding(node.get("bindings"));
        Server {
            node,
            name,
            protocol,
            url: self.url(node, protocol),
            description: descriptions.into_iter().flatten().next(),
            variables: self.variables(node),
            security: self.requirements(node.get("security")),
            bindings,
        }
    }

    fn url(&mut self, node: Node<'a>, protocol: Option<&str>) -> Option<String> {
        if let Some(url) = self.text(node.get("url")) {
            return Some(url.to_owned());
        }
        let host = self.text(node.get("host"))?;
        let path = self.text(node.get("pathname")).unwrap_or_default();
        let slash = if path.is_empty() || path.starts_with('/') {
            ""
        } else {
            "/"
        };
        let scheme = match protocol {
            Some(protocol) if !host.contains("://") => format!("{protocol}://"),
            _ => String::new(),
        };
        Some(format!(
            "{scheme}{}{slash}{path}",
            host.trim_end_matches('/')
        ))
    }

    fn variables(&mut self, server: Node<'a>) -> indexmap::IndexMap<&'a str, Variable<'a>> {
        let entries = self.entries(server.get("variables"), "`variables`");
        let read = entries.into_iter().filter_map(|(name, entry)| {
            let node = self.object(entry, &format!("the variable `{name}`"))?;
            let default = self.text(node.get("default"));
            let allowed = self.texts(node.get("enum"), "`enum`");
            Some((
                name,
                Variable {
                    node,
                    default,
                    allowed,
                },
            ))
        });
        read.collect()
    }

    fn report_other_version(&mut self, node: Node<'a>, what: &str) {
        let (key, message, help) = match self.is_v3() {
            true => (
                "url",
                "`url` is the way of 2.x",
                "write `host` and `pathname` instead",
            ),
            false => ("host", "`host` is the way of 3.x", "write `url` instead"),
        };
        let location = node.get(key).unwrap_or(node).key_location();
        self.diagnostics
            .warning(
                Code::UnknownProperty,
                location,
                format!("{what} has no property `{key}` in this version: {message}"),
            )
            .help(help);
    }
}
