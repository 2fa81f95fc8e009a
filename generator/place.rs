//! Places in the texts of a run.

use std::ops::Range;

/// Which file of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

impl FileId {
    /// The file that was read after this many others.
    pub(crate) fn after(count: usize) -> Self {
        Self(count as u32)
    }

    /// How many files were read before it.
    pub(crate) fn position(self) -> usize {
        self.0 as usize
    }
}

/// A range of bytes in the text of one file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes, within the text of the file.
    pub span: Range<usize>,
}
