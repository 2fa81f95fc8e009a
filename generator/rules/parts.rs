//! All parts of a document of which there are rules, wherever they are written: `components` as well as what uses them.

use std::collections::HashSet;

use crate::conformance;
use crate::diagnostic::Diagnostics;
use crate::document::{Node, NodeId, Version};
use crate::resolve::Resolver;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The root, or `components`, or another object whose members are parts.
    Frame,
    Server,
    /// A variable of a server's URL.
    Variable,
    Channel,
    Parameter,
    /// An operation or a trait of operations.
    Operation,
    /// What 3.x calls a reply.
    Reply,
    /// A message or a trait of messages.
    Message,
    /// The bindings of a channel.
    Bindings,
    Scheme,
    /// The schema of a message's payload, perhaps with its format around it.
    Payload,
    Schema,
}

/// The parts of a document, each once, references followed, in the order in which they were found.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    found: Vec<(Role, Node<'a>)>,
}

impl<'a> Parts<'a> {
    /// Finds them; what is wrong with the references on the way is reported.
    pub(super) fn of(
        root: Node<'a>,
        version: Version,
        resolver: &Resolver<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Parts<'a> {
        let mut seen: HashSet<(Role, NodeId)> = HashSet::new();
        let mut found = Vec::new();
        let mut waiting = vec![(Role::Frame, root)];
        while let Some((role, entry)) = waiting.pop() {
            let target = match role {
                Role::Schema | Role::Payload => resolver.follow_schema(entry, diagnostics),
                // That a scheme is not declared is a finding of its own.
                Role::Scheme => resolver.follow(entry, &mut Diagnostics::new()),
                _ => resolver.follow(entry, diagnostics),
            };
            let Some(node) = target else { continue };
            if !seen.insert((role, node.id())) {
                continue;
            }
            found.push((role, node));
            if role == Role::Schema && entry.id() != node.id() {
                // People write keywords beside `$ref`.
                members(Role::Schema, entry, version, &mut waiting);
            }
            members(role, node, version, &mut waiting);
        }
        Parts { found }
    }

    /// The parts that are of this role.
    pub(super) fn of_role(&self, role: Role) -> impl Iterator<Item = Node<'a>> {
        self.found
            .iter()
            .filter(move |(of, _)| *of == role)
            .map(|(_, node)| *node)
    }
}

/// How the parts in a member are written.
enum Shape {
    One,
    List,
    Map,
}

fn members<'a>(role: Role, node: Node<'a>, version: Version, waiting: &mut Vec<(Role, Node<'a>)>) {
    if role == Role::Payload {
        waiting.extend(payload(node, version).map(|schema| (Role::Schema, schema)));
        return;
    }
    let foreign = role == Role::Message && is_foreign(node);
    for (key, member) in node.entries() {
        let Some((shape, role)) = place(role, key, member) else {
            continue;
        };
        match shape {
            _ if foreign && role == Role::Payload => {}
            Shape::One => waiting.push((role, member)),
            Shape::List => waiting.extend(member.items().map(|item| (role, item))),
            Shape::Map => waiting.extend(member.entries().map(|(_, part)| (role, part))),
        }
    }
}

/// Which parts a member of a part holds.
fn place(role: Role, key: &str, member: Node<'_>) -> Option<(Shape, Role)> {
    use Shape::{List, Map, One};
    Some(match (role, key) {
        (Role::Frame, "components") => (One, Role::Frame),
        (Role::Frame, "servers") => (Map, Role::Server),
        (Role::Frame, "serverVariables") | (Role::Server, "variables") => (Map, Role::Variable),
        (Role::Frame, "channels") => (Map, Role::Channel),
        (Role::Frame, "operations" | "operationTraits") => (Map, Role::Operation),
        (Role::Frame | Role::Channel, "messages") | (Role::Frame, "messageTraits") => {
            (Map, Role::Message)
        }
        (Role::Frame | Role::Channel, "parameters") => (Map, Role::Parameter),
        (Role::Frame, "replies") => (Map, Role::Reply),
        (Role::Frame, "channelBindings") => (Map, Role::Bindings),
        (Role::Frame, "securitySchemes") => (Map, Role::Scheme),
        (Role::Frame, "schemas") => (Map, Role::Payload),
        (Role::Channel, "publish" | "subscribe") => (One, Role::Operation),
        (Role::Channel, "bindings") => (One, Role::Bindings),
        (Role::Operation, "message") if member.is_array() => (List, Role::Message),
        (Role::Operation, "message") => (One, Role::Message),
        (Role::Operation, "traits") => (List, Role::Operation),
        (Role::Operation, "reply") => (One, Role::Reply),
        (Role::Message, "oneOf" | "traits") => (List, Role::Message),
        (Role::Message, "payload") => (One, Role::Payload),
        (Role::Message, "headers") => (One, Role::Payload),
        (Role::Parameter, "schema") => (One, Role::Schema),
        (Role::Bindings, "ws" | "websockets") => (One, Role::Bindings),
        (Role::Bindings, "query" | "headers") => (One, Role::Schema),
        (Role::Schema, key) => (subschemas(key, member)?, Role::Schema),
        _ => return None,
    })
}

/// How the schemas in a keyword are written.
fn subschemas(keyword: &str, member: Node<'_>) -> Option<Shape> {
    Some(match keyword {
        "properties" | "patternProperties" | "definitions" | "$defs" | "dependentSchemas" => {
            Shape::Map
        }
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Shape::List,
        "items" if member.is_array() => Shape::List,
        "items"
        | "additionalItems"
        | "additionalProperties"
        | "contains"
        | "propertyNames"
        | "not"
        | "if"
        | "then"
        | "else" => Shape::One,
        _ => return None,
    })
}

/// The JSON Schema in a payload: itself, or what a multi-format schema object of 3.x holds; none where that is of another kind.
pub(super) fn payload(node: Node<'_>, version: Version) -> Option<Node<'_>> {
    let wrapped = matches!(version, Version::V3(_)) && node.get("schemaFormat").is_some();
    match node.get("schema").filter(|_| wrapped) {
        Some(schema) => Some(schema).filter(|_| !is_foreign(node)),
        None => Some(node),
    }
}

/// Whether `schemaFormat` beside a schema says that it is no JSON Schema.
pub(super) fn is_foreign(node: Node<'_>) -> bool {
    let format = node.get("schemaFormat").and_then(Node::as_str);
    format.is_some_and(conformance::is_foreign)
}
