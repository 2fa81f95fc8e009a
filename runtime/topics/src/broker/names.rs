//! Names of messages that other servers sent, as words that live as long as the program.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// More names than a document has; beyond them, as beyond [`LONGEST`], all are called [`OTHER`].
const MOST: usize = 4096;

/// Longer names, in bytes, than anybody gives a message.
const LONGEST: usize = 256;

const OTHER: &str = "(other)";

/// `name` as a word of its own. Servers that share a broker serve the same document, so there are few of them.
pub(super) fn known_name(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    if names.len() == MOST || name.len() > LONGEST {
        return OTHER;
    }
    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_not_kept() {
        let longest = "n".repeat(LONGEST);
        assert_eq!(known_name(&longest), longest);
        assert_eq!(known_name(&format!("{longest}n")), OTHER);
    }
}
