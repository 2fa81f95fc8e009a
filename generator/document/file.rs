//! A file of a run: its text, its values, and the way from one to the other.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use super::load::LoadError;
use super::parse;
use super::reference::Reference;
use super::tree::{Member, Tree, Value};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::place::{FileId, Location};

/// A file of the run.
#[derive(Debug)]
pub struct SourceFile {
    id: FileId,
    path: PathBuf,
    name: String,
    text: String,
    /// The offset of the first byte of each line.
    line_starts: Vec<u32>,
    /// How many characters begin before each [`STRIDE`] of bytes, so that columns of long lines are found at once.
    character_counts: Vec<u32>,
    tree: Tree,
    unread: Option<LoadError>,
    /// What is wrong with the text.
    faults: Diagnostics,
}

impl SourceFile {
    pub(super) fn new(
        id: FileId,
        path: PathBuf,
        content: Result<Vec<u8>, LoadError>,
    ) -> SourceFile {
        let mut faults = Diagnostics::new();
        let (bytes, unread) = match content {
            Ok(bytes) => (bytes, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let text = parse::decode(id, bytes, &mut faults);
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let readable = unread.is_none() && faults.is_empty();
        let tree = if readable {
            parse::parse(id, &text, is_json, &mut faults)
        } else {
            Tree::default()
        };
        let newlines = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(offset, _)| offset as u32 + 1))
            .collect();
        let name = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        SourceFile {
            id,
            path,
            name,
            character_counts: character_counts(&text),
            text,
            line_starts,
            tree,
            unread,
            faults,
        }
    }

    /// Its number.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Where it was read from: the path that the run was started with, or one relative to that.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the file could not be read at all.
    pub fn is_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// Reports why the file has no value, and what is odd about its text.
    ///
    /// A file that could not be read has nothing to point at, so that is reported where it is `needed`.
    pub fn report_faults(&self, needed: Option<Location>, diagnostics: &mut Diagnostics) {
        for fault in self.faults.iter() {
            diagnostics.add(fault.clone());
        }
        if let Some(error) = &self.unread {
            let location = needed.unwrap_or(Location {
                file: self.id,
                span: 0..0,
            });
            report_unread(&self.name, error, location, diagnostics);
        }
    }

    /// Line and column of a byte, both counted from 1, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let line = self
            .line_starts
            .partition_point(|&start| start as usize <= offset)
            .max(1);
        let start = self.line_starts[line - 1] as usize;
        let column = self
            .characters_before(offset)
            .saturating_sub(self.characters_before(start));
        (line, column + 1)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let stride = offset / STRIDE;
        let rest = &self.text.as_bytes()[stride * STRIDE..offset];
        let before = self.character_counts.get(stride).copied().unwrap_or(0);
        before as usize + characters(rest)
    }

    /// The bytes of a line, counted from 1, with the end of the line; the last line's for later ones.
    pub fn line(&self, line: usize) -> Range<usize> {
        let index = line.clamp(1, self.line_starts.len()) - 1;
        let end = self
            .line_starts
            .get(index + 1)
            .map_or(self.text.len(), |&start| start as usize);
        self.line_starts[index] as usize..end
    }

    /// The JSON pointer of the innermost value that contains the bytes; a key belongs to its value.
    pub fn pointer_at(&self, span: &Range<usize>) -> String {
        let mut pointer = String::new();
        let mut next = self.tree.root;
        while let Some(index) = next {
            let element = &self.tree.elements[index as usize];
            if element.span.start as usize == span.start && element.span.end as usize == span.end {
                break; // a block of one member is where its member is: the block is meant
            }
            next =
                match &element.value {
                    Value::Object(object) => self.member_at(object.members(), span).map(|member| {
                        pointer.push('/');
                        pointer.push_str(&member.key.replace('~', "~0").replace('/', "~1"));
                        member.value
                    }),
                    Value::Array(items) => {
                        let inside =
                            |&&item: &&u32| within(&self.tree.elements[item as usize].span, span);
                        items.iter().enumerate().find(|(_, item)| inside(item)).map(
                            |(index, &item)| {
                                pointer.push_str(&format!("/{index}"));
                                item
                            },
                        )
                    }
                    _ => None,
                };
        }
        pointer
    }

    /// The member that contains the bytes: as a rule the last that begins before them; aliases and merges are elsewhere.
    fn member_at<'m>(&self, members: &'m [Member], span: &Range<usize>) -> Option<&'m Member> {
        let begun = members.partition_point(|member| member.span.start as usize <= span.start);
        let likely = begun.checked_sub(1).map(|index| &members[index]);
        let likely = likely.filter(|member| self.contains(member, span));
        likely.or_else(|| members.iter().find(|member| self.contains(member, span)))
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Whether the bytes are in the key, the value, or between the two.
    fn contains(&self, member: &Member, span: &Range<usize>) -> bool {
        let value = &self.tree.elements[member.value as usize].span;
        let aliased = value.start < member.span.end;
        let whole = if aliased {
            member.span.clone()
        } else {
            member.span.start..value.end
        };
        within(&whole, span) || (aliased && within(value, span))
    }

    /// The path of a file that a reference names, which is relative to the folder of this one.
    pub(super) fn beside(&self, reference: Reference<'_>) -> PathBuf {
        let mut path = PathBuf::new();
        let joined = self
            .path
            .parent()
            .unwrap_or(Path::new(""))
            .join(&*reference.path());
        for component in joined.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir
                    if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
                {
                    path.pop();
                }
                other => path.push(other),
            }
        }
        path
    }

    /// The paths that the references of the file name, in order.
    pub(super) fn referenced_paths(&self) -> Vec<PathBuf> {
        let referring = self
            .tree
            .elements
            .iter()
            .filter_map(|element| match &element.value {
                Value::Object(object) => {
                    match &self.tree.elements[object.find("$ref")?.value as usize].value {
                        Value::String(text) => Some(Reference::parse(text)),
                        _ => None,
                    }
                }
                _ => None,
            });
        let elsewhere =
            referring.filter(|reference| !reference.file.is_empty() && !reference.is_remote());
        elsewhere.map(|reference| self.beside(reference)).collect()
    }
}

/// How far the places are apart at which characters were counted, in bytes.
const STRIDE: usize = 1024;

fn character_counts(text: &str) -> Vec<u32> {
    let strides = text.as_bytes().chunks(STRIDE);
    let totals = strides.scan(0, |total, stride| {
        *total += characters(stride) as u32;
        Some(*total)
    });
    std::iter::once(0).chain(totals).collect()
}

/// How many characters begin in some bytes of UTF-8 (RFC 3629).
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

fn within(outer: &Range<u32>, inner: &Range<usize>) -> bool {
    outer.start as usize <= inner.start && inner.end <= outer.end as usize
}

fn report_unread<'d>(
    name: &str,
    error: &LoadError,
    location: Location,
    diagnostics: &'d mut Diagnostics,
) -> &'d mut Diagnostic {
    let (code, help) = match error {
        LoadError::Outside => (
            Code::ReferenceOutsideRoot,
            "move the file into the folder of the document, or allow its folder with `--allow-ref-root DIR`",
        ),
        LoadError::TooLarge => (Code::TooLarge, "split off what this API does not need"),
        LoadError::Unreadable(_) => (
            Code::UnreadableFile,
            "check the path: it is relative to the file that it is written in",
        ),
    };
    let diagnostic = diagnostics.error(code, location, format!("cannot read `{name}`: {error}"));
    diagnostic.help(help)
}
