//! Security schemes, and the requirements that name them.

use indexmap::IndexMap;

use super::Reader;
use crate::diagnostic::Code;
use crate::document::{Kind, Node, RequiredScheme, Requirement, SecurityScheme};

impl<'a> Reader<'a, '_> {
    /// Reads `components.securitySchemes`.
    pub(super) fn security_schemes(&mut self) -> IndexMap<&'a str, SecurityScheme<'a>> {
        let declared = self.declared_schemes();
        let entries = self.entries(declared, "`securitySchemes`");
        let read = entries.into_iter().filter_map(|(name, entry)| {
            let node = self.object(entry, &format!("the security scheme `{name}`"))?;
            Some((name, self.scheme(node)))
        });
        read.collect()
    }

    /// Reads `security` of a server or an operation, whichever version's way it is written.
    pub(super) fn requirements(&mut self, node: Option<Node<'a>>) -> Vec<Requirement<'a>> {
        let alternatives = match node {
            Some(single) if single.is_object() => {
                self.warn(
                    single,
                    "`security` is a list",
                    "put a dash in front: each item is an alternative",
                );
                vec![single]
            }
            _ => self.items(node, "`security`"),
        };
        alternatives
            .into_iter()
            .filter_map(|item| self.requirement(item))
            .collect()
    }

    fn requirement(&mut self, node: Node<'a>) -> Option<Requirement<'a>> {
        let inline = node.get("type").is_some_and(|kind| kind.as_str().is_some());
        let schemes = match node.kind() {
            Kind::Object if node.reference().is_some() || inline => {
                if !self.is_v3() {
                    self.warn(
                        node,
                        "2.x names a scheme with its scopes",
                        "write `- name: []`, the name as in `components.securitySchemes`",
                    );
                }
                vec![self.referred(node)?]
            }
            Kind::Object => {
                if self.is_v3() && node.entries().len() > 0 {
                    let help = "write `- $ref: '#/components/securitySchemes/name'`";
                    self.warn(node, "3.x refers to a scheme instead of naming it", help);
                }
                node.entries()
                    .map(|(name, scopes)| self.named(name, scopes))
                    .collect()
            }
            Kind::String(name) => {
                self.warn(
                    node,
                    "a security requirement is an object",
                    &format!("write `- {name}: []`"),
                );
                vec![self.named(name, node)]
            }
            _ => {
                self.wrong_type(node, "a security requirement");
                return None;
            }
        };
        Some(Requirement { node, schemes })
    }

    /// A scheme by its name (2.x).
    fn named(&mut self, name: &'a str, scopes: Node<'a>) -> RequiredScheme<'a> {
        let declared = self
            .declared_schemes()
            .and_then(|schemes| schemes.get(name));
        let scheme = declared.and_then(|node| self.resolver.follow(node, self.diagnostics));
        let scheme = scheme
            .filter(|node| node.is_object())
            .map(|node| self.scheme(node));
        let scopes_written = if scopes.is_array() {
            self.texts(Some(scopes), "scopes")
        } else {
            Vec::new()
        };
        RequiredScheme {
            name,
            node: scopes,
            scheme,
            scopes: scopes_written,
        }
    }

    /// A scheme by reference, or written in place (3.x).
    fn referred(&mut self, node: Node<'a>) -> Option<RequiredScheme<'a>> {
        // That a scheme is not declared is for the rules to report.
        let scheme = match self.is_undeclared(node) {
            true => None,
            false => Some(self.object(node, "the security scheme")?),
        };
        let scheme = scheme.map(|node| self.scheme(node));
        let name = self.resolver.reference_name(node);
        let scopes = scheme.as_ref().and_then(|scheme| scheme.node.get("scopes"));
        Some(RequiredScheme {
            name: name.or(scheme.as_ref().and_then(|scheme| scheme.kind))?,
            node,
            scopes: self.texts(scopes, "`scopes`"),
            scheme,
        })
    }

    /// Whether a reference names a scheme that is not in `components.securitySchemes`.
    fn is_undeclared(&mut self, node: Node<'a>) -> bool {
        let key = node
            .reference()
            .and_then(|text| text.strip_prefix("#/components/securitySchemes/"));
        if key.is_none_or(|key| key.contains('/')) {
            return false;
        }
        let name = self.resolver.reference_name(node);
        let schemes = self.declared_schemes();
        schemes
            .zip(name)
            .is_none_or(|(schemes, name)| schemes.get(name).is_none())
    }

    /// `components.securitySchemes`, references followed.
    fn declared_schemes(&mut self) -> Option<Node<'a>> {
        let components = self.object(self.root.get("components")?, "`components`")?;
        self.object(components.get("securitySchemes")?, "`securitySchemes`")
    }

    fn scheme(&mut self, node: Node<'a>) -> SecurityScheme<'a> {
        self.require(node, "the security scheme", &["type"]);
        SecurityScheme {
            node,
            kind: self.text(node.get("type")),
            http_scheme: self.text(node.get("scheme")),
            location: self.text(node.get("in")),
            parameter: self.text(node.get("name")),
            url: match node.get("openIdConnectUrl") {
                Some(url) => self.text(Some(url)),
                None => self.flow_url(node),
            },
        }
    }

    /// Where the first flow of OAuth 2 gets its tokens.
    fn flow_url(&mut self, node: Node<'a>) -> Option<&'a str> {
        let flows = node.get("flows")?;
        let names = [
            "clientCredentials",
            "authorizationCode",
            "password",
            "implicit",
        ];
        let flow = names.into_iter().find_map(|name| flows.get(name))?;
        let url = flow.get("tokenUrl").or(flow.get("authorizationUrl"))?;
        self.text(Some(url))
    }

    fn warn(&mut self, node: Node<'a>, message: &str, help: &str) {
        self.diagnostics
            .warning(Code::WrongType, node.location(), message)
            .help(help);
    }
}
