//! Both cores at once.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Add up what `work` makes of each item, on every core.
///
/// # Panics
/// When `work` does.
pub(super) fn sum<Item, Sum>(items: &[Item], work: impl Fn(&Item) -> Sum + Sync) -> Sum
where
    Item: Sync,
    Sum: AddAssign + Default + Send,
{
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut sum = Sum::default();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum += work(item);
        }
        sum
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let mut sum = Sum::default();
        for worker in workers {
            match worker.join() {
                Ok(part) => sum += part,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sum
    })
}
