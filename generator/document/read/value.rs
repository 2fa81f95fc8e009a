//! Taking values out of a document, and complaining where they are not what they should be.

use super::Reader;
use crate::diagnostic::{Code, nearest};
use crate::document::{Kind, Layers, Node};

impl<'a> Reader<'a, '_> {
    /// An object, references followed; one that is not written is empty.
    pub(super) fn object(&mut self, node: Node<'a>, what: &str) -> Option<Node<'a>> {
        let target = self.resolver.follow(node, self.diagnostics)?;
        match target.kind() {
            Kind::Object => Some(target),
            Kind::Null => {
                self.diagnostics
                    .warning(
                        Code::WrongType,
                        node.key_location(),
                        format!("{what} is empty"),
                    )
                    .help("write what belongs here, or `{}` if nothing does");
                Some(target)
            }
            _ => {
                self.wrong_type(target, &format!("an object for {what}"));
                None
            }
        }
    }

    /// The two values by which a reference can be recognised: what it points at itself, and what that stands for in the end.
    pub(super) fn landmarks(&mut self, node: Node<'a>) -> Option<[Node<'a>; 2]> {
        let end = self.resolver.follow(node, self.diagnostics)?;
        let target = self.resolver.target(node, self.diagnostics).unwrap_or(end);
        Some([target, end])
    }

    /// The members of an object that holds parts by their names.
    pub(super) fn entries(
        &mut self,
        node: Option<Node<'a>>,
        what: &str,
    ) -> Vec<(&'a str, Node<'a>)> {
        let object = node.and_then(|node| self.object(node, what));
        object
            .map(|object| object.entries().collect())
            .unwrap_or_default()
    }

    /// The items of an array.
    pub(super) fn items(&mut self, node: Option<Node<'a>>, what: &str) -> Vec<Node<'a>> {
        let Some(node) = node else { return Vec::new() };
        match node.kind() {
            Kind::Array => node.items().collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.wrong_type(node, &format!("an array for {what}"));
                Vec::new()
            }
        }
    }

    /// A text; what YAML takes for a number or a boolean is taken as it is written, with a warning.
    pub(super) fn text(&mut self, node: Option<Node<'a>>) -> Option<&'a str> {
        let node = node?;
        match node.kind() {
            Kind::String(text) => Some(text),
            Kind::Null => None,
            Kind::Number(_) | Kind::Bool(_) => {
                let location = node.location();
                let text = &node.file().text()[location.span.clone()];
                self.diagnostics
                    .warning(
                        Code::WrongType,
                        location,
                        format!("expected a string, found {}", node.describe()),
                    )
                    .help(format!("put it in quotes: \"{text}\""));
                Some(text)
            }
            Kind::Array | Kind::Object => {
                self.wrong_type(node, "a string");
                None
            }
        }
    }

    /// The texts of an array.
    pub(super) fn texts(&mut self, node: Option<Node<'a>>, what: &str) -> Vec<&'a str> {
        let items = self.items(node, what);
        items
            .into_iter()
            .filter_map(|item| self.text(Some(item)))
            .collect()
    }

    /// An object with its traits.
    pub(super) fn layers(&mut self, node: Node<'a>) -> Layers<'a> {
        let traits = self.items(node.get("traits"), "`traits`").into_iter();
        let traits: Vec<Node<'a>> = traits
            .filter_map(|applied| self.object(applied, "a trait"))
            .collect();
        Layers::new(node, traits, self.version)
    }

    /// A property of an object with its traits, which is an object in all of them.
    pub(super) fn part(&mut self, layers: &Layers<'a>, key: &str) -> Layers<'a> {
        layers.part(key, |node| self.object(node, &format!("`{key}`")))
    }

    /// Warns of required properties that are not there.
    pub(super) fn require(&mut self, node: Node<'a>, what: &str, keys: &[&str]) {
        let missing = keys.iter().filter(|key| node.get(key).is_none());
        if self.is_fragment || !node.is_object() {
            return;
        }
        for key in missing {
            self.diagnostics
                .warning(
                    Code::MissingProperty,
                    node.key_location(),
                    format!("{what} has no `{key}`"),
                )
                .help(format!("add `{key}`: the specification requires it"));
        }
    }

    /// Warns of properties that the specification does not know and that are no extensions.
    pub(super) fn know(&mut self, node: Node<'a>, what: &str, known: &[&str]) {
        let strange = |key: &str| !known.contains(&key) && !key.starts_with("x-") && key != "$ref";
        for (key, member) in node.entries().filter(|(key, _)| strange(key)) {
            let absent = known.iter().copied().filter(|key| node.get(key).is_none());
            let help = match nearest(key, absent) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!(
                    "it has no effect: remove it, or call it `x-{key}` if it is an extension"
                ),
            };
            self.diagnostics
                .warning(
                    Code::UnknownProperty,
                    member.key_location(),
                    format!("{what} has no property `{key}`"),
                )
                .help(help);
        }
    }
}
