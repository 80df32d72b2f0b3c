//! The rows that are asked for, by as many threads as there are processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use atecc_emulator::Image;

use crate::Options;
use crate::judge::Row;
use crate::operations::{ALL, Error, Operation};
use crate::setting::{MODELS, Part, Setting};

/// One row to come.
pub(crate) struct Task {
    pub(crate) operation: &'static Operation,
    pub(crate) image: Image,
    pub(crate) setting: Setting,
}

/// In the order of the operations, chips, clocks and models.
///
/// # Errors
/// Of the first row that has one, after all have been tried.
pub(crate) fn rows(options: &Options) -> Result<Vec<Row>, Error> {
    let tasks = tasks(options)?;
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some((index, task)) = take(&tasks, &next) {
            let row = Row::new(task.operation, &task.image, task.setting, options.runs);
            let row = row.map_err(|error| format!("{}: {error}", task.operation.name));
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((index, row));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    let rows = done.into_iter().map(|(_, row)| row);
    Ok(rows.collect::<Result<_, _>>()?)
}

fn take<'t>(tasks: &'t [Task], next: &AtomicUsize) -> Option<(usize, &'t Task)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    tasks.get(index).map(|task| (index, task))
}

/// What is asked for.
pub(crate) fn tasks(options: &Options) -> Result<Vec<Task>, Error> {
    let mut tasks = Vec::new();
    for operation in ALL {
        if !operation.name.contains(&options.operation) {
            continue;
        }
        for part in Part::ALL {
            if !operation.is_for(part) || !part.to_string().contains(&options.chip) {
                continue;
            }
            let image = operation.starts_from.image(part)?;
            for scl_khz in operation.clocks.iter().copied() {
                tasks.extend(MODELS.map(|model| Task {
                    operation,
                    image: image.clone(),
                    setting: Setting {
                        part,
                        model,
                        scl_khz,
                    },
                }));
            }
        }
    }
    tasks.retain(|Task { setting, .. }| {
        options.clock.is_none_or(|only| only == setting.scl_khz)
            && options.model.is_none_or(|only| only == setting.model)
    });
    Ok(tasks)
}
