//! The end of the process: signals begin the drain, and a thread beside the runtime keeps its deadline and the second signal.
//!
//! Handlers that block can take every thread of the runtime, and with them its timers and signals. Only a server that has
//! the process for itself is ended so; one inside an application ends its connections and no more.

use std::process::ExitCode;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::oneshot;
use wsgen_config::Drain;
use wsgen_topics::Connections;

use crate::listen::systemd;
use crate::observe::telemetry::Exporter;
use crate::serve::drain::Outcome;
use crate::serve::server::Listening;

/// What may follow the drain's deadline: a second for what was cut, three for the last traces.
const AFTER_DEADLINE: Duration = Duration::from_secs(4);

/// Serves until SIGINT or SIGTERM, drains, and sends the last traces; a second signal ends it at once.
pub(crate) async fn run_until_signal(listening: Listening, exporter: Option<Exporter>) -> ExitCode {
    let service = listening.service();
    let (drain, connections) = (service.config.drain.clone(), service.connections.clone());
    let first = match Keeper::start(drain, connections).await {
        Ok(first) => first,
        Err(error) => {
            tracing::error!(%error, "cannot start: no signals");
            return ExitCode::FAILURE;
        }
    };
    // The thread is there until the process ends.
    let shutdown = async { first.await.unwrap_or_default() };
    systemd::ready();
    let outcome = listening.run(shutdown).await;
    if let Some(exporter) = exporter {
        exporter.flush().await;
    }
    match outcome {
        Outcome::Closed => ExitCode::SUCCESS,
        Outcome::Cut => ExitCode::FAILURE,
        Outcome::Blocked => {
            // The runtime would wait for it.
            tracing::error!("a handler holds its thread: ending the process");
            std::process::exit(1)
        }
    }
}

/// Keeps the signals and the deadline, on a thread with a small runtime of its own.
struct Keeper {
    drain: Drain,
    connections: Connections,
    /// Hears of the first signal: the grace that is left.
    first: oneshot::Sender<Duration>,
}

impl Keeper {
    /// What hears of the first signal.
    async fn start(
        drain: Drain,
        connections: Connections,
    ) -> io::Result<oneshot::Receiver<Duration>> {
        let (first, hears) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let keeper = Self {
            drain,
            connections,
            first,
        };
        let thread = thread::Builder::new().name("wsgen-shutdown".to_owned());
        thread.spawn(|| keeper.run(ready))?;
        is_ready.await.map_err(io::Error::other)??;
        Ok(hears)
    }

    fn run(self, ready: oneshot::Sender<io::Result<()>>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.keep(ready)),
            // Whoever waits has heard of it.
            Err(error) => drop(ready.send(Err(error))),
        }
    }

    async fn keep(self, ready: oneshot::Sender<io::Result<()>>) {
        let mut signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => return drop(ready.send(Err(error))),
        };
        let _ = ready.send(Ok(()));
        let signal = signals.next().await;
        systemd::stopping();
        let grace = match signal {
            // Somebody at a keyboard, not a load balancer, is waiting.
            Signal::Interrupt => Duration::ZERO,
            Signal::Terminate => self.drain.grace,
        };
        let _ = self.first.send(grace);
        let most = grace + self.drain.deadline + AFTER_DEADLINE;
        let is_cut = tokio::select! {
            _ = signals.next() => {
                tracing::warn!("second signal: stopping now");
                self.connections.count() > 0
            }
            () = tokio::time::sleep(most) => {
                tracing::error!("the drain's deadline has passed, and something holds its thread: ending the process");
                true
            }
        };
        std::process::exit(i32::from(is_cut));
    }
}

/// What a signal asks for.
enum Signal {
    Interrupt,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no SIGTERM elsewhere"))]
    Terminate,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signals on this system: serve for ever.
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
