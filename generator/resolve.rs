//! References: from a `$ref` to the value that it stands for.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::document::{Node, NodeId, Reference, Sources};

/// A pointer that leads through a reference, whose pointer leads through a reference, and so on, ends here.
const MAX_NESTING: usize = 64;

/// Follows references within the files of a run, and remembers where each of them leads.
#[derive(Debug)]
pub struct Resolver<'a> {
    sources: &'a Sources,
    known: RefCell<HashMap<NodeId, Known<'a>>>,
    /// How many pointers lead through references right now.
    nesting: Cell<usize>,
    /// Whether a schema is looked for.
    for_schema: Cell<bool>,
}

#[derive(Clone, Copy, Debug)]
enum Known<'a> {
    /// It is being followed: who comes here again goes in a circle.
    Underway,
    /// It leads here, or nowhere.
    Leads(Option<Node<'a>>),
}

/// A segment of a pointer that leads nowhere.
struct Missing<'a, 's> {
    /// The reference that the pointer is written in.
    origin: Node<'a>,
    /// How far the pointer leads.
    reached: Node<'a>,
    segment: &'s str,
    /// Whether it should have been a schema.
    is_schema: bool,
}

impl<'a> Resolver<'a> {
    /// For the files of a run.
    pub fn new(sources: &'a Sources) -> Resolver<'a> {
        Resolver {
            sources,
            known: RefCell::default(),
            nesting: Cell::new(0),
            for_schema: Cell::new(false),
        }
    }

    /// The value that a node stands for: itself, or what its `$ref` leads to in the end.
    ///
    /// A reference that leads nowhere is `None`; it is reported, at the `$ref` that is broken, by the first call
    /// that comes across it.
    pub fn follow(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        let mut current = node;
        let mut trail = Vec::new();
        let end = loop {
            if current.reference().is_none() {
                break Some(current);
            }
            let known = self.known.borrow().get(&current.id()).copied();
            match known {
                Some(Known::Leads(end)) => break end,
                Some(Known::Underway) => {
                    report_cycle(&trail, current, diagnostics);
                    break None;
                }
                None => self
                    .known
                    .borrow_mut()
                    .insert(current.id(), Known::Underway),
            };
            trail.push(current);
            match self.target(current, diagnostics) {
                Some(next) => current = next,
                None => break None,
            }
        };
        let leads = trail.into_iter().map(|step| (step.id(), Known::Leads(end)));
        self.known.borrow_mut().extend(leads);
        end
    }

    /// As [`Resolver::follow`], for a schema: one that is not there says nothing about its values, which is a warning.
    pub fn follow_schema(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        self.for_schema.set(true);
        let end = self.follow(node, diagnostics);
        self.for_schema.set(false);
        end
    }

    /// What a reference points at itself, which may be a reference again; `None` for other values and where that is nothing, which is reported.
    pub fn target(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        let text = node.reference()?;
        let reference = Reference::parse(text);
        if reference.is_remote() {
            report_remote(node, text, diagnostics);
            return None;
        }
        let mut current = self.root(node, reference, diagnostics)?;
        let Some(segments) = reference.segments() else {
            self.report_no_pointer(node, reference, diagnostics);
            return None;
        };
        for segment in &segments {
            let found = match child(current, segment) {
                None if current.reference().is_some() => {
                    current = self.through(current, diagnostics)?;
                    child(current, segment)
                }
                found => found,
            };
            let Some(found) = found else {
                let missing = Missing {
                    origin: node,
                    reached: current,
                    segment,
                    is_schema: self.for_schema.get(),
                };
                report_dangling(self.sources, &missing, diagnostics);
                return None;
            };
            current = found;
        }
        Some(current)
    }

    /// For a reference, the name of what it points at: the last segment of its pointer, or the stem of its file.
    ///
    /// `None` for other values, and for a reference to the root of the file that it is in.
    pub fn reference_name(&self, node: Node<'a>) -> Option<&'a str> {
        let reference = Reference::parse(node.reference()?);
        let segment = reference
            .pointer
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty());
        match segment {
            // What is encoded here is written plainly at the target.
            Some(name) if name.contains(['~', '%']) => {
                let target = self.target(node, &mut Diagnostics::new());
                target.and_then(Node::key).or(segment)
            }
            Some(_) => segment,
            None => Path::new(reference.file).file_stem()?.to_str(),
        }
    }

    /// What a reference on the way of a pointer stands for.
    fn through(&self, node: Node<'a>, diagnostics: &mut Diagnostics) -> Option<Node<'a>> {
        if self.nesting.get() == MAX_NESTING {
            diagnostics
                .error(
                    Code::TooDeep,
                    node.reference_location(),
                    format!("a pointer leads through more than {MAX_NESTING} references, each through the next"),
                )
                .help("refer to the values themselves");
            return None;
        }
        self.nesting.set(self.nesting.get() + 1);
        let end = self.follow(node, diagnostics);
        self.nesting.set(self.nesting.get() - 1);
        end
    }

    /// The value of the file that a reference names.
    fn root(
        &self,
        node: Node<'a>,
        reference: Reference<'a>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Node<'a>> {
        let location = node.reference_location();
        let Some(file) = self.sources.referenced(node.file(), reference) else {
            diagnostics
                .error(
                    Code::TooLarge,
                    location,
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
                .error(Code::DanglingReference, location, message)
                .help(help);
            return None;
        }
        if file.root().is_none() {
            file.report_faults(Some(location), diagnostics);
        }
        file.root()
    }

    fn report_no_pointer(
        &self,
        node: Node<'a>,
        reference: Reference<'a>,
        diagnostics: &mut Diagnostics,
    ) {
        let help = suggestion(self.sources, reference.pointer).unwrap_or_else(|| {
            "a pointer names every key on its way: `#/components/schemas/Name`".to_owned()
        });
        let message = format!(
            "`#{}` is not a JSON pointer: there is no `/` after the `#`",
            reference.pointer
        );
        diagnostics
            .error(Code::DanglingReference, node.reference_location(), message)
            .help(help);
    }
}

fn child<'a>(node: Node<'a>, segment: &str) -> Option<Node<'a>> {
    node.get(segment)
        .or_else(|| node.item(segment.parse().ok()?))
}

/// Reports a circle at the first of its references in the text, wherever it was entered.
fn report_cycle(trail: &[Node<'_>], entered: Node<'_>, diagnostics: &mut Diagnostics) {
    let circle = trail.iter().skip_while(|step| step.id() != entered.id());
    let first = circle.min_by_key(|step| (step.file().id(), step.location().span.start));
    let node = *first.unwrap_or(&entered);
    let text = node.reference().unwrap_or_default();
    diagnostics
        .error(
            Code::ReferenceCycle,
            node.reference_location(),
            format!("`{text}` leads back to itself"),
        )
        .help("let one of the references of this circle point at a value");
}

fn report_remote(node: Node<'_>, text: &str, diagnostics: &mut Diagnostics) {
    let message = format!("`{text}` is on the network, and wsgen reads files only");
    diagnostics
        .error(Code::RemoteReference, node.reference_location(), message)
        .help("download the file beside the document and refer to it by a relative path; a folder elsewhere is allowed with `--allow-ref-root DIR`");
}

fn report_dangling(sources: &Sources, missing: &Missing<'_, '_>, diagnostics: &mut Diagnostics) {
    let Missing {
        origin,
        reached,
        segment,
        is_schema,
    } = *missing;
    let text = origin.reference().unwrap_or_default();
    let pointer = reached.pointer();
    let what = match &*pointer {
        "" => "the document".to_owned(),
        pointer => format!("`{pointer}`"),
    };
    let message = match reached.is_object() {
        true => format!("`{text}` points at nothing: {what} has no `{segment}`"),
        false => format!(
            "`{text}` points at nothing: {what} is {}",
            reached.describe()
        ),
    };
    let similar = diagnostics.nearest(segment, reached.entries().map(|(key, _)| key));
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
    let (severity, until_then) = match is_schema {
        true => (Severity::Warning, "; any value is taken here"),
        false => (Severity::Error, ""),
    };
    let location = Some(origin.reference_location());
    let message = message + until_then;
    diagnostics
        .report(severity, Code::DanglingReference, location, message)
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

#[cfg(test)]
mod tests {
    use super::Resolver;
    use crate::diagnostic::{Code, Diagnostics};
    use crate::document::Sources;

    /// Follows the value of `start`; gives its text, the findings' codes and the help of the first.
    fn follow(text: &str) -> (Option<String>, Vec<Code>, Option<String>) {
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("a.yaml", text, &mut diagnostics);
        let start = sources.root().and_then(|root| root.get("start")).unwrap();
        let end = Resolver::new(&sources).follow(start, &mut diagnostics);
        let codes = diagnostics.iter().map(|finding| finding.code).collect();
        let help = diagnostics
            .iter()
            .next()
            .and_then(|finding| finding.help.clone());
        (
            end.and_then(|end| end.as_str()).map(str::to_owned),
            codes,
            help,
        )
    }

    #[test]
    fn leads_through_references_arrays_and_encodings() {
        let text = "
start: {$ref: '#/one/a~1b/%7Bc%7D/1'}
one: {$ref: '#/two'}
two: {a/b: {$ref: '#/three'}}
three: {'{c}': [no, {$ref: '#/end', ignored: true}]}
end: here
";
        assert_eq!(follow(text), (Some("here".to_owned()), vec![], None));
    }

    #[test]
    fn circles_of_every_kind_end() {
        let own = "start: {$ref: '#/start'}";
        let two = "start: {$ref: '#/b'}\nb: {$ref: '#/start'}";
        let inside = "start: {$ref: '#/start/x'}";
        let through = "start: {$ref: '#/b/x'}\nb: {$ref: '#/c/x'}\nc: {$ref: '#/b/x'}";
        for text in [own, two, inside, through] {
            assert_eq!(follow(text).1, [Code::ReferenceCycle], "{text}");
        }
    }

    #[test]
    fn a_long_chain_is_followed_once() {
        let chain: String = (0..10_000)
            .map(|i| format!("s{i}: {{$ref: '#/s{}'}}\n", i + 1))
            .collect();
        let text = format!("start: {{$ref: '#/s0'}}\n{chain}s10000: here\n");
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("a.yaml", text, &mut diagnostics);
        let resolver = Resolver::new(&sources);
        for (_, value) in sources.root().unwrap().entries() {
            let end = resolver.follow(value, &mut diagnostics).unwrap();
            assert_eq!(end.as_str(), Some("here"));
        }
    }

    #[test]
    fn a_long_way_through_references_does_not_overflow() {
        let chain: String = (0..10_000)
            .map(|i| format!("s{i}: {{$ref: '#/s{}/x'}}\n", i + 1))
            .collect();
        let (_, codes, _) = follow(&format!("start: {{$ref: '#/s0'}}\n{chain}s10000: {{}}\n"));
        assert_eq!(codes, [Code::TooDeep]);
    }

    #[test]
    fn says_what_was_meant() {
        let components = "components: {schemas: {User: {a: 1}, 'a/b': {}}}";
        let cases = [
            ("#/components/schema/User", "did you mean `schemas`?"),
            ("#/components/schemas/Usr", "did you mean `User`?"),
            (
                "#/definitions/User",
                "did you mean `#/components/schemas/User`?",
            ),
            ("#User", "did you mean `#/components/schemas/User`?"),
            ("User", "did you mean `#/components/schemas/User`?"),
            (
                "components/schemas/User",
                "did you mean `#/components/schemas/User`?",
            ),
            ("#/components/schemas/User/zzzzzz", "there are `a`"),
        ];
        for (reference, expected) in cases {
            let (_, codes, help) =
                follow(&format!("start: {{$ref: '{reference}'}}\n{components}\n"));
            assert_eq!(codes, [Code::DanglingReference], "{reference}");
            assert_eq!(help.as_deref(), Some(expected), "{reference}");
        }
    }

    #[test]
    fn knows_the_name_of_what_is_referred_to() {
        let text = "a: {$ref: '#/c/User'}\nb: {$ref: '#/c/x~1y'}\nc: {User: 1, x/y: 2}\nd: {$ref: './parts/order.yaml'}\ne: {$ref: '#'}\n";
        let mut diagnostics = Diagnostics::new();
        let sources = Sources::from_text("a.yaml", text, &mut diagnostics);
        let resolver = Resolver::new(&sources);
        let name = |key| resolver.reference_name(sources.root().unwrap().get(key).unwrap());
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(name),
            [Some("User"), Some("x/y"), None, Some("order"), None]
        );
    }

    #[test]
    fn the_network_is_not_read() {
        let (_, codes, help) = follow("start: {$ref: 'https://example.com/a.yaml#/b'}");
        assert_eq!(codes, [Code::RemoteReference]);
        assert!(help.unwrap().contains("--allow-ref-root"));
    }
}
