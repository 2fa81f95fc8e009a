//! Keys from a file, read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::keys::{Key, KeySet};

/// How often the file is looked at for changes.
const FRESH: Duration = Duration::from_secs(10);

/// The keys of a file.
pub(super) struct Keys {
    file: PathBuf,
    last: Mutex<Last>,
}

/// What was read last, and when the file was last looked at.
struct Last {
    keys: KeySet,
    text: String,
    read: Instant,
}

impl Keys {
    /// Reads the keys.
    ///
    /// # Errors
    /// A file that cannot be read or holds no key.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = read(file)?;
        let last = Last {
            keys: parse(file, &text)?,
            text,
            read: Instant::now(),
        };
        Ok(Self {
            file: file.to_owned(),
            last: Mutex::new(last),
        })
    }

    /// The key of this name; all of them for a token that names none.
    pub(super) fn candidates(&self, name: Option<&str>) -> Vec<Key> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.read.elapsed() >= FRESH {
            last.read = Instant::now();
            self.refresh(&mut last);
        }
        last.keys.candidates(name)
    }

    /// Reads the file again; bad keys are not taken.
    fn refresh(&self, last: &mut Last) {
        match read(&self.file) {
            Ok(text) if text != last.text => {
                match parse(&self.file, &text) {
                    Ok(keys) => last.keys = keys,
                    Err(fault) => tracing::error!(%fault, "the old keys stay"),
                }
                // Remembered even if it is bad, so that it is told once.
                last.text = text;
            }
            Ok(_) => {}
            Err(fault) => tracing::error!(%fault, "the old keys stay"),
        }
    }

    /// Lets the next token find that the file was last looked at long ago.
    #[cfg(test)]
    pub(super) fn age(&self) {
        self.last.lock().unwrap().read -= FRESH;
    }
}

fn read(file: &Path) -> Result<String, String> {
    let fault = |error| format!("cannot read {} (jwt.keys): {error}", file.display());
    std::fs::read_to_string(file).map_err(fault)
}

fn parse(file: &Path, text: &str) -> Result<KeySet, String> {
    KeySet::parse(text).map_err(|fault| format!("{} (jwt.keys): {fault}", file.display()))
}
