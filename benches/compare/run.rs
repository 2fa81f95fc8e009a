//! Commands that run to their end, with what they took.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a command took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Processor time of it and of what it started.
    pub(crate) processor: Duration,
    pub(crate) wall: Duration,
}

/// Runs so many commands, which `command` makes by their number; what one took on average.
pub(crate) fn timed(times: u32, command: impl Fn(u32) -> Command) -> io::Result<Taken> {
    let mut taken = Taken {
        processor: Duration::ZERO,
        wall: Duration::ZERO,
    };
    for run in 0..times {
        let mut command = command(run);
        let (before, start) = (children_time()?, Instant::now());
        let output = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()?;
        taken.wall += start.elapsed();
        taken.processor += children_time()? - before;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("{command:?} failed: {said}")));
        }
    }
    Ok(Taken {
        processor: taken.processor / times,
        wall: taken.wall / times,
    })
}

/// The processor time of all children that have ended, in the hundredths of seconds that the system counts.
fn children_time() -> io::Result<Duration> {
    let statistics = fs::read_to_string("/proc/self/stat")?;
    // The name, in parentheses, may hold anything; what follows it are numbers.
    let (_, numbers) = statistics.rsplit_once(") ").unwrap_or_default();
    let hundredths = numbers.split(' ').skip(13).take(2).map(str::parse::<u64>);
    let hundredths: u64 = hundredths.sum::<Result<_, _>>().map_err(io::Error::other)?;
    Ok(Duration::from_millis(hundredths * 10))
}

/// `cargo` as this process was started by it, in `folder`.
pub(crate) fn cargo<Argument: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = Argument>,
) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder).args(arguments);
    command
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds `wsgen` in release mode; where it is.
pub(crate) fn wsgen() -> io::Result<PathBuf> {
    let build = [
        "build",
        "--release",
        "--quiet",
        "--package",
        "wsgen",
        "--bin",
        "wsgen",
    ];
    if !cargo(&root(), build).status()?.success() {
        return Err(io::Error::other("wsgen does not build"));
    }
    // Beside this program, which cargo has built for release as well.
    let this = std::env::current_exe()?;
    Ok(this.with_file_name("wsgen"))
}

/// An empty folder for what is made here, below the target directory.
pub(crate) fn scratch(name: &str) -> io::Result<PathBuf> {
    let folder = std::env::current_exe()?.with_file_name(format!("compare-{name}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
