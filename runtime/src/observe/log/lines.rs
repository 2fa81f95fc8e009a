//! Standard error for lines that nobody waits for: a server does not stop because whoever reads its log has.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::observe::metrics::Counter;

/// Lines that found no room.
pub(crate) static DROPPED: Counter = Counter::new();

/// Writes each line if standard error takes it now, and drops and counts it if not.
pub(super) struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut is_cut = IS_CUT.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_cut && put(b"\n") {
            *is_cut = false;
        }
        if *is_cut || !line.chunks(AT_ONCE).all(put) {
            // Too much to find out how much of it is there.
            *is_cut |= line.len() > AT_ONCE;
            DROPPED.add(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the last line may have been cut, and the next one needs a new one. Locked while a line is written; standard
/// error's own lock is held by whoever is stuck in `eprintln!`.
static IS_CUT: Mutex<bool> = Mutex::new(false);

/// What a pipe takes whole when it takes anything (`PIPE_BUF`).
const AT_ONCE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Writes a few bytes, unless that would have to wait. Returns whether it did.
#[cfg(unix)]
fn put(bytes: &[u8]) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let stderr = io::stderr();
    let mut asked = [PollFd::new(&stderr, PollFlags::OUT)];
    let has_room = poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0);
    has_room && rustix::io::write(&stderr, bytes) == Ok(bytes.len())
}

#[cfg(not(unix))]
fn put(bytes: &[u8]) -> bool {
    io::Write::write_all(&mut io::stderr(), bytes).is_ok()
}
