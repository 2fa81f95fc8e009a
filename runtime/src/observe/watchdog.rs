//! Handlers that block: a worker thread that a handler does not give back is noticed from a thread beside.
//!
//! To be watched costs a handler three stores to memory that its thread has for itself: no lock, no look at the clock.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use wsgen_protocol::Escaped;

use crate::observe::metrics::{ChannelMetrics, Counter};

/// How often the worker threads are looked at.
const PERIOD: Duration = Duration::from_millis(250);

/// At so many looks in a row a handler is at the same step: it has held its thread for a second. Looks are counted, not time,
/// so that a process that was stopped for a while accuses nobody.
const LOOKS: u32 = 4;

/// Watches the handlers of a server until dropped.
pub(crate) struct Watchdog {
    /// The thread ends when this is gone.
    _alive: Sender<()>,
}

impl Watchdog {
    /// To be called on the runtime whose threads the handlers hold.
    pub(crate) fn start(channels: Vec<Arc<ChannelMetrics>>) -> Self {
        let (_alive, alive) = mpsc::channel();
        let patrol = Patrol {
            channels,
            runtime: Handle::current(),
            steps: HashMap::new(),
        };
        let thread = thread::Builder::new().name("wsgen-watchdog".to_owned());
        if let Err(error) = thread.spawn(move || patrol.run(&alive)) {
            tracing::warn!(%error, "no thread for the watchdog: handlers that block go unnoticed");
        }
        Self { _alive }
    }
}

/// Stands for a handler: the address of the counter of its calls, by which its channel and its name are found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mark(usize);

impl Mark {
    pub(crate) fn of(counter: &Arc<Counter>) -> Self {
        Self(Arc::as_ptr(counter).addr())
    }
}

/// A step of a handler, up to where it waits, on a thread that is watched until this is dropped.
#[must_use = "a step is watched as long as this is there"]
pub(crate) struct Watched(&'static Worker);

impl Watched {
    #[inline]
    pub(crate) fn begin(mark: Mark) -> Self {
        let worker = WORKER.get().unwrap_or_else(Worker::of_this_thread);
        // Only this thread writes here.
        let steps = worker.steps.load(Ordering::Relaxed);
        worker.steps.store(steps.wrapping_add(1), Ordering::Relaxed);
        worker.running.store(mark.0, Ordering::Relaxed);
        Self(worker)
    }
}

impl Drop for Watched {
    #[inline]
    fn drop(&mut self) {
        self.0.running.store(0, Ordering::Relaxed);
    }
}

/// Watches each step of a handler.
pub(crate) async fn watch<T>(mark: Mark, handler: impl Future<Output = T>) -> T {
    let mut handler = pin!(handler);
    poll_fn(|cx| {
        let _watched = Watched::begin(mark);
        handler.as_mut().poll(cx)
    })
    .await
}

/// A worker thread, alone in its cache line: others look at it four times a second.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Worker {
    /// How many steps have begun here: with the same number it is the same step.
    steps: AtomicU64,
    /// The mark of the handler that runs here; 0 while none does.
    running: AtomicUsize,
}

thread_local! {
    /// The worker of this thread, once it has run a handler. Without a destructor, whose state every look would ask for.
    static WORKER: Cell<Option<&'static Worker>> = const { Cell::new(None) };
    /// Gives it back when the thread ends.
    static LEASE: RefCell<Option<Lease>> = const { RefCell::new(None) };
}

/// Every worker there ever was; those of threads that have ended are used again.
static WORKERS: Mutex<Workers> = Mutex::new(Workers {
    all: Vec::new(),
    free: Vec::new(),
});

struct Workers {
    all: Vec<&'static Worker>,
    free: Vec<&'static Worker>,
}

impl Worker {
    #[cold]
    fn of_this_thread() -> &'static Self {
        let mut workers = lock();
        let worker = workers.free.pop().unwrap_or_else(|| {
            let new: &'static Self = Box::leak(Box::default());
            workers.all.push(new);
            new
        });
        drop(workers);
        WORKER.set(Some(worker));
        // In a thread that is ending it is never given back.
        let _ = LEASE.try_with(|lease| lease.replace(Some(Lease(worker))));
        worker
    }

    fn step(&self) -> Option<Step> {
        let mark = Mark(self.running.load(Ordering::Relaxed));
        let number = self.steps.load(Ordering::Relaxed);
        (mark != Mark::default()).then_some(Step { number, mark })
    }
}

struct Lease(&'static Worker);

impl Drop for Lease {
    fn drop(&mut self) {
        WORKER.set(None);
        lock().free.push(self.0);
    }
}

fn lock() -> MutexGuard<'static, Workers> {
    WORKERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A step that a handler is at.
#[derive(Clone, Copy, PartialEq)]
struct Step {
    number: u64,
    mark: Mark,
}

/// What a watchdog knows.
struct Patrol {
    channels: Vec<Arc<ChannelMetrics>>,
    runtime: Handle,
    /// What each worker, by its address, was at and at how many looks it had been there before.
    steps: HashMap<usize, (Step, u32)>,
}

impl Patrol {
    fn run(mut self, alive: &Receiver<()>) {
        while alive.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
            self.look();
        }
    }

    fn look(&mut self) {
        let workers = lock().all.clone();
        let before = std::mem::take(&mut self.steps);
        for worker in workers {
            let Some(step) = worker.step() else { continue };
            let address = std::ptr::from_ref(worker).addr();
            let looks = match before.get(&address) {
                Some((same, looks)) if *same == step => looks.saturating_add(1),
                _ => 0,
            };
            self.steps.insert(address, (step, looks));
        }
        if self.steps.values().any(|(_, looks)| *looks > 0) {
            // The thread that is held may be the one that waited for sockets and timers: wakes another, which does then.
            drop(self.runtime.spawn(std::future::ready(())));
        }
        let blocked = self.steps.values().filter(|(_, looks)| *looks == LOOKS);
        blocked.for_each(|(step, _)| self.tell(step.mark));
    }

    fn tell(&self, mark: Mark) {
        for channel in &self.channels {
            if let Some(handler) = channel.marked(mark) {
                channel.blocked.add(1);
                tracing::warn!(
                    channel = channel.channel(),
                    handler = %Escaped(handler),
                    "a handler has held its worker thread for a second, and others wait for that thread: \
                     run what blocks in `tokio::task::spawn_blocking`"
                );
            }
        }
    }
}
