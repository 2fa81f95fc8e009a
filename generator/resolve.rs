//! References: from a `$ref` to the value that it stands for.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, nearest};
use crate::document::{Node, NodeId, Reference, Sources};

/// A pointer that leads through more references than this is a cycle that grows with every turn.
const MAX_PENDING: usize = 1_000;

/// Follows references within the files of a run, and remembers where each of them leads.
#[derive(Debug)]
pub struct Resolver<'a> {
    sources: &'a Sources,
    known: RefCell<HashMap<NodeId, Option<Node<'a>>>>,
}

impl<'a> Resolver<'a> {
    /// For the files of a run.
    pub fn new(sources: &'a Sources) -> Resolver<'a> {
        Resolver {
            sources,
            known: RefCell::default(),
        }
    }

    /// The value that a node stands for: itself, or what its `$ref` leads to in the end.
    ///
    /// A reference that leads nowhere is `None`; it is reported, at the `$ref` that is broken, by the first call
    /// that comes across it.
    pub fn follow(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        if node.reference().is_none() {
            return Some(node);
        }
        let mut walk = Walk::new(self.sources);
        let mut current = node;
        let mut trail = Vec::new();
        let end = loop {
            if current.reference().is_none() {
                break Some(current);
            }
            if let Some(&known) = self.known.borrow().get(&current.id()) {
                break known;
            }
            trail.push(current.id());
            match walk.step(current, diagnostics) {
                Some(next) => current = next,
                None => break None,
            }
        };
        self.known
            .borrow_mut()
            .extend(trail.into_iter().map(|step| (step, end)));
        end
    }

    /// All values on the way of a reference: the node itself first, then what each `$ref` points at; the last is
    /// what [`follow`](Self::follow) finds, unless the way is broken.
    pub fn trail(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Vec<Node<'a>> {
        let mut walk = Walk::new(self.sources);
        let mut trail = vec![node];
        let mut current = node;
        while current.reference().is_some() {
            let Some(next) = walk.step(current, diagnostics) else {
                break;
            };
            current = next;
            trail.push(next);
        }
        trail
    }

    /// For a reference, the name of what it points at: the last segment of its pointer, or the stem of its file.
    ///
    /// `None` for other values, and for a reference to the root of the file that it is in.
    pub fn reference_name(&self, node: Node<'a>) -> Option<&'a str> {
        let reference = Reference::parse(node.reference()?);
        let target = Walk::new(self.sources).step(node, &mut Diagnostics::new());
        let as_written = || {
            reference
                .pointer
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty())
        };
        let stem = || Path::new(reference.file).file_stem()?.to_str();
        target.and_then(Node::key).or_else(as_written).or_else(stem)
    }
}

/// A walk along references that notices when it comes to the same place again.
struct Walk<'a> {
    sources: &'a Sources,
    /// References taken, each with how many segments were still to go.
    taken: HashSet<(NodeId, usize)>,
}

/// A segment of a pointer that is still to go, and the reference that it is written in.
struct Pending<'a> {
    segment: String,
    origin: Node<'a>,
}

impl<'a> Walk<'a> {
    fn new(sources: &'a Sources) -> Walk<'a> {
        Walk {
            sources,
            taken: HashSet::new(),
        }
    }

    /// From a reference to what it points at, which may be a reference again; through others where its pointer leads there.
    fn step(&mut self, reference: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        let mut pending = Vec::new();
        let mut current = self.take(reference, &mut pending, diagnostics)?;
        while let Some(next) = pending.pop() {
            if let Some(child) = child(current, &next.segment) {
                current = child;
            } else if current.reference().is_some() {
                pending.push(next);
                current = self.take(current, &mut pending, diagnostics)?;
            } else {
                report_dangling(self.sources, current, &next, diagnostics);
                return None;
            }
        }
        Some(current)
    }

    /// The root of the file that a reference names; its segments join those that are still to go.
    fn take(
        &mut self,
        node: Node<'a>,
        pending: &mut Vec<Pending<'a>>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node<'a>> {
        let text = node.reference()?;
        let reference = Reference::parse(text);
        if !self.taken.insert((node.id(), pending.len())) || pending.len() > MAX_PENDING {
            diagnostics
                .error(
                    Code::ReferenceCycle,
                    place(node),
                    format!("`{text}` leads back to itself"),
                )
                .help("let one of the references of this circle point at a value");
            return None;
        }
        if reference.is_remote() {
            diagnostics
                .error(Code::RemoteReference, place(node), format!("`{text}` is on the network, and wsgen reads files only"))
                .help("download the file beside the document and refer to it by a relative path; a folder elsewhere is allowed with `--allow-ref-root DIR`");
            return None;
        }
        let root = self.root(node, reference, diagnostics)?;
        let Some(segments) = reference.segments() else {
            let help = suggestion(self.sources, reference.pointer).unwrap_or_else(|| {
                "a pointer names every key on its way: `#/components/schemas/Name`".to_owned()
            });
            diagnostics
                .error(
                    Code::DanglingReference,
                    place(node),
                    format!("`{text}` is not a JSON pointer: there is no `/` after the `#`"),
                )
                .help(help);
            return None;
        };
        pending.extend(segments.into_iter().rev().map(|segment| Pending {
            segment,
            origin: node,
        }));
        Some(root)
    }

    fn root(
        &self,
        node: Node<'a>,
        reference: Reference<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node<'a>> {
        let Some(file) = self.sources.referenced(node.file(), reference) else {
            diagnostics
                .error(
                    Code::TooLarge,
                    place(node),
                    "the document consists of too many files; this one was not read",
                )
                .help("bundle the document into fewer files");
            return None;
        };
        if file.is_unread()
            && !reference.file.contains('.')
            && let Some(help) = suggestion(self.sources, reference.file)
        {
            let message = format!(
                "`{}` names a file, for there is no `#` in front",
                reference.file
            );
            diagnostics
                .error(Code::DanglingReference, place(node), message)
                .help(help);
            return None;
        }
        let root = file.root();
        if root.is_none() {
            file.report_faults(Some(place(node)), diagnostics);
        }
        root
    }
}

fn child<'a>(node: Node<'a>, segment: &str) -> Option<Node<'a>> {
    node.get(segment)
        .or_else(|| node.item(segment.parse().ok()?))
}

/// Where a reference is written.
fn place(node: Node<'_>) -> crate::diagnostic::Location {
    node.get("$ref").unwrap_or(node).location()
}

fn report_dangling(
    sources: &Sources,
    reached: Node<'_>,
    missing: &Pending<'_>,
    diagnostics: &mut Diagnostics,
) {
    let text = missing.origin.reference().unwrap_or_default();
    let segment = &missing.segment;
    let reached_pointer = reached.pointer();
    let what = if reached_pointer.is_empty() {
        "the document".to_owned()
    } else {
        format!("`{reached_pointer}`")
    };
    let message = match reached.is_object() {
        true => format!("`{text}` points at nothing: {what} has no `{segment}`"),
        false => format!(
            "`{text}` points at nothing: {what} is {}",
            reached.describe()
        ),
    };
    let similar = nearest(segment, reached.entries().map(|(key, _)| key));
    let help = similar
        .map(|key| format!("did you mean `{key}`?"))
        .or_else(|| suggestion(sources, text))
        .unwrap_or_else(|| match reached.entries().len() {
            0 => "write the part that is missing, or correct the reference".to_owned(),
            _ => format!(
                "there are {}",
                listed(reached.entries().map(|(key, _)| key))
            ),
        });
    diagnostics
        .error(Code::DanglingReference, place(missing.origin), message)
        .help(help);
}

/// The reference that was most likely meant by one that leads nowhere: to the component of this name.
fn suggestion(sources: &Sources, text: &str) -> Option<String> {
    let name = text.trim_end_matches('/').rsplit(['/', '#']).next()?;
    let components = sources.root()?.get("components")?;
    let section = components
        .entries()
        .find(|(_, section)| section.get(name).is_some())?
        .0;
    Some(format!(
        "did you mean `#/components/{section}/{}`?",
        name.replace('~', "~0").replace('/', "~1")
    ))
}

/// The first few of some names.
fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    let end = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    shown.join(", ") + &end
}
