//! Puts the values of a text together, within limits.

use super::tree::{Element, Member, Object, Tree, Value};
use crate::diagnostic::{Code, Diagnostics};
use crate::place::{FileId, Location};

/// Values nested deeper than this are refused.
const MAX_DEPTH: usize = 128;

/// More values than this, aliases counted as often as they are used, are refused.
const MAX_ELEMENTS: usize = 1_000_000;

/// Parsing has ended early; why is reported already.
pub(super) struct Stopped;

/// A place in the text and what is wrong there.
pub(super) struct Fault {
    pub(super) span: std::ops::Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Puts values together, from the inside out, and keeps the limits.
pub(super) struct Builder<'d> {
    file: FileId,
    tree: Tree,
    /// For each element, how many there are when every alias in it is written out.
    sizes: Vec<usize>,
    /// How much the keys of all objects weigh: merges copy them, so they can be far more than the text.
    keys: usize,
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Builder<'d> {
    pub(super) fn new(file: FileId, diagnostics: &'d mut Diagnostics) -> Builder<'d> {
        Builder {
            file,
            tree: Tree::default(),
            sizes: Vec::new(),
            keys: 0,
            diagnostics,
        }
    }

    /// Adds a value without others in it.
    pub(super) fn scalar(
        &mut self,
        span: std::ops::Range<usize>,
        value: Value,
    ) -> Result<u32, Stopped> {
        self.add(span, value, 1)
    }

    /// Adds an array of values that were added before.
    pub(super) fn array(
        &mut self,
        span: std::ops::Range<usize>,
        items: Vec<u32>,
    ) -> Result<u32, Stopped> {
        let size = items
            .iter()
            .map(|&item| self.sizes[item as usize])
            .sum::<usize>();
        self.add(span, Value::Array(items.into()), size + 1)
    }

    /// Adds an object of values that were added before; a second member of the same key is reported and left out.
    pub(super) fn object(
        &mut self,
        span: std::ops::Range<usize>,
        members: Vec<Member>,
    ) -> Result<u32, Stopped> {
        let members = self.without_duplicates(members);
        self.keys += members
            .iter()
            .map(|member| 1 + member.key.len() / 32)
            .sum::<usize>();
        let size = members
            .iter()
            .map(|member| self.sizes[member.value as usize])
            .sum::<usize>();
        self.add(span, Value::Object(Object::new(members)), size + 1)
    }

    /// What was added under this index.
    pub(super) fn element(&self, index: u32) -> &Element {
        &self.tree.elements[index as usize]
    }

    /// Whether `<<` can merge the value: an object, or an array of objects.
    pub(super) fn is_mergeable(&self, index: u32) -> bool {
        match &self.element(index).value {
            Value::Object(_) => true,
            Value::Array(items) => items
                .iter()
                .all(|&item| matches!(self.element(item).value, Value::Object(_))),
            _ => false,
        }
    }

    /// The tree, of which [`Builder::root`] has named the root.
    pub(super) fn finish(self) -> Tree {
        self.tree
    }

    /// Completes the tree.
    pub(super) fn root(&mut self, index: u32) {
        self.tree.root = Some(index);
    }

    /// Whether a container may be opened with `depth` others around it.
    pub(super) fn enter(&mut self, depth: usize, offset: usize) -> Result<(), Stopped> {
        if depth < MAX_DEPTH {
            Ok(())
        } else {
            self.too_deep(offset)
        }
    }

    /// Reports that the values around a place are too many.
    pub(super) fn too_deep(&mut self, offset: usize) -> Result<(), Stopped> {
        let location = self.location(offset..offset);
        self.diagnostics
            .error(
                Code::TooDeep,
                location,
                format!("more than {MAX_DEPTH} values nested in each other"),
            )
            .help("move inner parts to `components` and refer to them with `$ref`");
        Err(Stopped)
    }

    /// Reports what is wrong with the text.
    pub(super) fn fail(&mut self, fault: Fault) -> Result<(), Stopped> {
        let location = self.location(fault.span);
        self.diagnostics
            .error(Code::Syntax, location, fault.message)
            .help = fault.help;
        Err(Stopped)
    }

    /// The collection of findings, and the location of a range of the text.
    pub(super) fn report(&mut self, span: std::ops::Range<usize>) -> (&mut Diagnostics, Location) {
        let location = self.location(span);
        (self.diagnostics, location)
    }

    fn location(&self, span: std::ops::Range<usize>) -> Location {
        Location {
            file: self.file,
            span,
        }
    }

    fn add(
        &mut self,
        span: std::ops::Range<usize>,
        value: Value,
        size: usize,
    ) -> Result<u32, Stopped> {
        if size.max(self.tree.elements.len() + 1).max(self.keys) > MAX_ELEMENTS {
            let location = self.location(span.start..span.start + 1);
            self.diagnostics
                .error(Code::TooLarge, location, format!("more than {MAX_ELEMENTS} values, those counted that aliases repeat"))
                .help("split the document, and use `$ref` rather than YAML aliases for parts that are used often");
            return Err(Stopped);
        }
        self.tree.elements.push(Element {
            span: span.start as u32..span.end as u32,
            value,
        });
        self.sizes.push(size);
        Ok(self.tree.elements.len() as u32 - 1)
    }

    fn without_duplicates(&mut self, members: Vec<Member>) -> Vec<Member> {
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by_key(|&index| &members[index].key);
        let mut repeated = vec![false; members.len()];
        for pair in order
            .chunk_by(|&a, &b| members[a].key == members[b].key)
            .filter(|same| same.len() > 1)
        {
            for &again in &pair[1..] {
                repeated[again] = true;
                self.report_duplicate(&members[pair[0]], &members[again]);
            }
        }
        let mut repeated = repeated.into_iter();
        members
            .into_iter()
            .filter(|_| repeated.next() != Some(true))
            .collect()
    }

    fn report_duplicate(&mut self, first: &Member, again: &Member) {
        let place =
            |member: &Member| self.location(member.span.start as usize..member.span.end as usize);
        let (first_place, again_place) = (place(first), place(again));
        self.diagnostics
            .error(
                Code::DuplicateKey,
                again_place,
                format!("the key `{}` is here twice", again.key),
            )
            .related(first_place, "first here")
            .help("remove one of the two, or rename it");
    }
}
