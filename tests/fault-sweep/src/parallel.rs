//! Both cores at once.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Add up what `work` makes of each item, on every core. Each core has what
/// `tools` makes for it.
///
/// # Panics
/// When `work` does.
pub(super) fn sum<Item, Tools, Sum>(
    items: &[Item],
    tools: impl Fn() -> Tools + Sync,
    work: impl Fn(&mut Tools, &Item) -> Sum + Sync,
) -> Sum
where
    Item: Sync,
    Sum: AddAssign + Default + Send,
{
    let next = AtomicUsize::new(0);
    let worker = || {
        let (mut sum, mut tools) = (Sum::default(), tools());
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum += work(&mut tools, item);
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
