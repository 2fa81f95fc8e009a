//! `wsgen.lock`: which files of a project wsgen wrote, and with what contents.
//!
//! What differs from the record was edited by hand. While files are being replaced the record lists the old and the new
//! contents of each, so that a run that was cut off is no edit: the next one finishes its work.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Deserialize;

use crate::naming::toml_string;
use crate::output::{OutputFile, Ownership};
use crate::parallel;

/// The file's path, below the project's folder.
pub const LOCK: &str = "wsgen.lock";

/// What `wsgen.lock` says; paths are below the project's folder, with `/` between the parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The files that every run rewrites, each with the digests of the contents that are wsgen's.
    pub generated: BTreeMap<String, BTreeSet<Digest>>,
    /// The files that were written once and are the user's since: where one was deleted, it was not wanted.
    pub written_once: BTreeSet<String>,
}

/// The SHA-256 of a file's contents, in hexadecimal; line ends count as LF, because git may change them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of some contents.
    #[must_use]
    pub fn of(contents: &[u8]) -> Self {
        let mut text = String::with_capacity(64);
        for byte in hmac_sha256::Hash::hash(&with_newlines(contents)) {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

/// The contents with LF where there is CR LF.
pub(super) fn with_newlines(contents: &[u8]) -> Cow<'_, [u8]> {
    // What wsgen writes, and what most editors do.
    if !contents.contains(&b'\r') {
        return Cow::Borrowed(contents);
    }
    let mut normal = Vec::with_capacity(contents.len());
    for (index, &byte) in contents.iter().enumerate() {
        if byte != b'\r' || contents.get(index + 1) != Some(&b'\n') {
            normal.push(byte);
        }
    }
    Cow::Owned(normal)
}

impl Lock {
    /// The record of a new project.
    #[must_use]
    pub fn new(files: &[OutputFile], written_once: impl IntoIterator<Item = String>) -> Self {
        let generated = files.iter();
        let generated = generated.filter(|file| file.ownership == Ownership::Generated);
        let generated: Vec<_> = generated.collect();
        let recorded = parallel::map(&generated, |file| {
            (file.path.clone(), [Digest::of(&file.contents)].into())
        });
        Self {
            generated: recorded.into_iter().collect(),
            written_once: written_once.into_iter().collect(),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: LockFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let generated = file.generated.into_iter().map(|(path, digests)| {
            let digests = match digests {
                Digests::One(digest) => [digest].into(),
                Digests::Several(digests) => digests,
            };
            (path, digests)
        });
        Ok(Self {
            generated: generated.collect(),
            written_once: file.written_once,
        })
    }

    /// The file: the same text for the same record, one line for each path, so that version control merges it well.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = "\
# What `wsgen` wrote: the files that were written once and are yours since, and those that are rewritten, with the
# SHA-256 of their contents. Commit it with them: it tells your edits from what `wsgen generate` may replace.
"
        .to_owned();
        text.push_str("written_once = [\n");
        for path in &self.written_once {
            let _ = writeln!(text, "    {},", toml_string(path));
        }
        text.push_str("]\n\n[generated]\n");
        for (path, digests) in &self.generated {
            let digests: Vec<String> = digests.iter().map(|Digest(hex)| toml_string(hex)).collect();
            let _ = match digests.as_slice() {
                [only] => writeln!(text, "{} = {only}", toml_string(path)),
                several => writeln!(text, "{} = [{}]", toml_string(path), several.join(", ")),
            };
        }
        text
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    #[serde(default)]
    written_once: BTreeSet<String>,
    #[serde(default)]
    generated: BTreeMap<String, Digests>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Digests {
    One(Digest),
    Several(BTreeSet<Digest>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut lock = Lock::default();
        assert_eq!(Lock::parse(&lock.to_toml()), Ok(lock.clone()));
        lock.written_once.insert("src/bin/a.rs".to_owned());
        let one = [Digest::of(b"one")];
        let two = [Digest::of(b"one"), Digest::of(b"two")];
        lock.generated
            .insert("src/generated/a.rs".to_owned(), one.into());
        lock.generated.insert("odd \"\\\n".to_owned(), two.into());
        assert_eq!(Lock::parse(&lock.to_toml()), Ok(lock.clone()));
    }

    #[test]
    fn line_ends_are_no_edit() {
        assert_eq!(Digest::of(b"a\r\nb\r\n"), Digest::of(b"a\nb\n"));
        assert_ne!(Digest::of(b"a\rb"), Digest::of(b"a\nb"));
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").0, known);
    }
}
