//! Unix sockets, which are files: one that is left over is replaced, and our own is removed at the end.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// The file of a socket of ours, removed when dropped.
pub(super) struct OwnFile {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        // Another server may have replaced it.
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens on a socket at `path`, in the place of one on which nobody listens any more.
pub(super) async fn bind(path: &Path) -> io::Result<(UnixListener, OwnFile)> {
    make_room(path).await?;
    let listener = UnixListener::bind(path)?;
    let file = OwnFile {
        path: path.to_owned(),
        identity: identity(path),
    };
    Ok((listener, file))
}

async fn make_room(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        let reason = "there is something else than a socket; remove it, or choose another path";
        return Err(io::Error::new(ErrorKind::AlreadyExists, reason));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        // Gone meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(io::Error::new(
            ErrorKind::AddrInUse,
            "another server listens there",
        )),
        // A full queue, or no permission to ask: somebody may be there.
        Err(error) => Err(error),
    }
}

/// What tells a file from another one at the same path.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
