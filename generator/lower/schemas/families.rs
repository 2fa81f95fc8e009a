//! Which schemas consist of a parent that has a `discriminator`.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostics;
use crate::document::{Document, Node, NodeId};
use crate::resolve::Resolver;

/// The children of each parent with a discriminator, in the order of the document.
pub(in super::super) type Families<'a> = HashMap<NodeId, Vec<Node<'a>>>;

/// Finds the families among the schemas of `components`.
pub(in super::super) fn families<'a>(
    document: &Document<'a>,
    resolver: &Resolver<'a>,
    diagnostics: &mut Diagnostics,
) -> Families<'a> {
    let schemas = document.node.get("components");
    let schemas = schemas.and_then(|components| components.get("schemas"));
    let mut found = Families::new();
    for (_, schema) in schemas.into_iter().flat_map(Node::entries) {
        let mut seen = HashSet::new();
        let mut pending = vec![schema];
        while let Some(node) = pending.pop() {
            let parts = node.get("allOf").into_iter().flat_map(Node::items);
            for part in parts {
                let target = match part.reference() {
                    Some(_) => resolver.follow_schema(part, diagnostics),
                    None => Some(part),
                };
                let Some(target) = target.filter(|target| seen.insert(target.id())) else {
                    continue;
                };
                if target.get("discriminator").is_some() && part.reference().is_some() {
                    found.entry(target.id()).or_default().push(schema);
                }
                pending.push(target);
            }
        }
    }
    found
}
