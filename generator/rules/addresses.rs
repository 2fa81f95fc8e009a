//! Addresses of channels and URLs of servers, and the parameters and variables in their braces.

use super::context::{Rules, within};
use super::parts::Role;
use crate::diagnostic::{Code, Diagnostics, Location, Severity};
use crate::document::{Node, Version};

/// Warns of addresses that cannot be served as they are written, and of parts in braces that do not fit what is declared.
pub(super) fn check(rules: &Rules<'_, '_>, diagnostics: &mut Diagnostics) {
    match rules.document.version {
        Version::V2(_) => {
            let channels = rules.document.node.get("channels");
            let channels = channels.and_then(|node| rules.resolver.follow(node, diagnostics));
            for (address, entry) in channels.into_iter().flat_map(Node::entries) {
                if let Some(node) = rules.resolver.follow(entry, diagnostics) {
                    let template = Template::new(entry, address, entry.key_location());
                    check_channel(rules, &template, node, diagnostics);
                }
            }
        }
        Version::V3(_) => {
            for node in rules.parts.of_role(Role::Channel) {
                let written = node
                    .get("address")
                    .and_then(|node| Some((node, node.as_str()?)));
                if let Some((address, text)) = written {
                    let template = Template::new(address, text, address.location());
                    check_channel(rules, &template, node, diagnostics);
                }
            }
        }
    }
    for server in rules.parts.of_role(Role::Server) {
        check_server(rules, server, diagnostics);
    }
}

/// A text with parts in braces.
struct Template<'a> {
    node: Node<'a>,
    text: &'a str,
    location: Location,
}

impl<'a> Template<'a> {
    fn new(node: Node<'a>, text: &'a str, location: Location) -> Template<'a> {
        Template {
            node,
            text,
            location,
        }
    }

    /// The names in braces, empty ones as well.
    fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let parts = self.text.split('{').skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name))
    }

    fn place(&self, words: &str) -> Location {
        within(self.node, self.location.clone(), words)
    }

    fn check_braces(&self, what: &str, diagnostics: &mut Diagnostics) {
        if self.text.contains("{}") {
            diagnostics
                .warning(
                    Code::InvalidAddress,
                    self.place("{}"),
                    format!("{what} has braces without a name"),
                )
                .help("write the name of a parameter between them, or remove them");
        }
        let mut open = false;
        let balanced = self.text.chars().all(|c| match c {
            '{' => !std::mem::replace(&mut open, true),
            '}' => std::mem::replace(&mut open, false),
            _ => true,
        });
        if !balanced || open {
            diagnostics
                .warning(
                    Code::InvalidAddress,
                    self.location.clone(),
                    format!("{what} has braces that do not match"),
                )
                .help("write each parameter as `{name}`");
        }
    }
}

fn check_channel<'a>(
    rules: &Rules<'_, 'a>,
    address: &Template<'a>,
    channel: Node<'a>,
    diagnostics: &mut Diagnostics,
) {
    address.check_braces("the address", diagnostics);
    if let Some(start) = address.text.find(['?', '#']) {
        let (delimiter, what) = match address.text[start..].starts_with('?') {
            true => ("?", "a query"),
            false => ("#", "a fragment"),
        };
        let place = address.place(&address.text[start..]);
        diagnostics
            .warning(
                Code::InvalidAddress,
                place,
                format!("the address has {what}, which is no part of a route and not served"),
            )
            .help(match delimiter {
                "?" => "describe the query in the binding of the channel: `bindings.ws.query`",
                _ => "remove it: clients do not send fragments",
            });
    }
    let declared = channel
        .get("parameters")
        .and_then(|node| rules.resolver.follow(node, diagnostics));
    let report = Wording {
        undeclared: Code::UndeclaredParameter,
        unused: Code::UnusedParameter,
        what: "parameter",
        of: "the address",
        list: "parameters",
        entry: "{}",
    };
    compare(
        std::slice::from_ref(address),
        declared,
        &report,
        diagnostics,
    );
}

fn check_server<'a>(rules: &Rules<'_, 'a>, server: Node<'a>, diagnostics: &mut Diagnostics) {
    let parts = ["url", "host", "pathname"].map(|key| {
        let node = server.get(key)?;
        Some(Template::new(node, node.as_str()?, node.location()))
    });
    let parts: Vec<Template<'a>> = parts.into_iter().flatten().collect();
    for part in &parts {
        part.check_braces("the URL", diagnostics);
    }
    let declared = server
        .get("variables")
        .and_then(|node| rules.resolver.follow(node, diagnostics));
    let report = Wording {
        undeclared: Code::MissingVariable,
        unused: Code::UnusedVariable,
        what: "variable",
        of: "the URL",
        list: "variables",
        entry: "{ default: … }",
    };
    compare(&parts, declared, &report, diagnostics);
    for (name, entry) in declared.into_iter().flat_map(Node::entries) {
        let Some(variable) = rules.resolver.follow(entry, diagnostics) else {
            continue;
        };
        let used = parts
            .iter()
            .any(|part| part.names().any(|used| used == name));
        let valueless = variable.get("default").is_none()
            && variable
                .get("enum")
                .is_none_or(|allowed| allowed.items().len() == 0);
        if used && valueless {
            let message = format!(
                "the variable `{name}` has no value to begin with: `{name}` itself is taken"
            );
            diagnostics
                .warning(Code::MissingVariable, entry.key_location(), message)
                .help("give it a `default`");
        }
    }
}

/// How to speak of what is in braces.
struct Wording {
    undeclared: Code,
    unused: Code,
    what: &'static str,
    of: &'static str,
    /// The property that declares it.
    list: &'static str,
    /// What an entry of that property looks like.
    entry: &'static str,
}

/// Warns of names in braces that are not declared, and of the reverse; a slip of the pen is one finding, not two.
fn compare(
    templates: &[Template<'_>],
    declared: Option<Node<'_>>,
    wording: &Wording,
    diagnostics: &mut Diagnostics,
) {
    let Wording {
        what,
        of,
        list,
        entry,
        ..
    } = *wording;
    let names = || templates.iter().flat_map(Template::names);
    let mut unused: Vec<(&str, Node<'_>)> = declared
        .into_iter()
        .flat_map(Node::entries)
        .filter(|(name, _)| !names().any(|used| used == *name))
        .collect();
    for (template, name) in templates
        .iter()
        .flat_map(|template| template.names().map(move |name| (template, name)))
    {
        let known = declared.is_some_and(|declared| declared.get(name).is_some());
        if name.is_empty() || known {
            continue;
        }
        let place = template.place(&format!("{{{name}}}"));
        let message = format!("the {what} `{name}` of {of} is not declared");
        let similar = diagnostics.nearest(name, unused.iter().map(|(name, _)| *name));
        let similar =
            similar.and_then(|similar| unused.iter().position(|(name, _)| *name == similar));
        // Where nothing is declared at all, nothing was forgotten.
        let severity = declared.map_or(Severity::Note, |_| Severity::Warning);
        let finding = diagnostics.report(severity, wording.undeclared, Some(place), message);
        match similar.map(|index| unused.remove(index)) {
            Some((similar, node)) => finding
                .related(node.key_location(), format!("declared, and not in {of}"))
                .help(format!("did you mean `{similar}`?")),
            None => finding.help(format!("declare it: `{list}: {{ {name}: {entry} }}`")),
        };
    }
    if templates.is_empty() {
        return;
    }
    for (name, node) in unused {
        diagnostics
            .warning(
                wording.unused,
                node.key_location(),
                format!("the {what} `{name}` is not in {of}"),
            )
            .help(format!("put `{{{name}}}` into {of}, or remove it here"));
    }
}
