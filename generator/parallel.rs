//! Work on every core.

use std::iter;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does `work` to each of the `items`; the results are in their order.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    // Each thread takes what is next, since one item may be as much work as many others.
    let share = || {
        let indices = iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        let taken = indices.map_while(|index| Some((index, items.get(index)?)));
        let done = taken.map(|(index, item)| (index, work(item)));
        done.collect::<Vec<_>>()
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.min(items.len().div_ceil(MIN_SHARE));
    let mut results = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(share)).collect();
        let mut results = share();
        for other in others {
            let done = other.join();
            results.extend(done.unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Fewer items than these are not worth a thread.
const MIN_SHARE: usize = 16;

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for size in [0, 1, 1000] {
            let items: Vec<u32> = (0..size).collect();
            let doubled: Vec<u32> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled);
        }
    }
}
