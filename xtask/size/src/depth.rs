//! The deepest stack, from the machine code.
//!
//! Each function's instructions are followed on all paths with the depth that
//! the stack has there; a call adds the callee's own deepest. What the code
//! does not tell is an error and never a guess: recursion, a call
//! through a table of functions, a stack pointer computed in a way not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::image::{Function, Image};
use super::thumb::{self, Instruction};
use xtask_support::error::Error;

/// A depth that no firmware has: the code has been misread.
const ABSURD: u64 = 1 << 20;

/// Depths in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Stack {
    /// The deepest.
    pub(super) peak: u64,
    /// The deepest when one of the bus's functions is called.
    pub(super) at_bus: u64,
}

/// The deepest stack of any function that `entry` calls, the frame of `entry`
/// left out; functions named in `bus` take none.
pub(super) fn of_callees(image: &Image, entry: &str, bus: &[&str]) -> Result<Stack, Error> {
    let mut walk = Walk {
        image,
        bus,
        known: BTreeMap::new(),
        above: Vec::new(),
    };
    let worst = image
        .function_named(entry)
        .ok_or_else(|| format!("no function {entry}"))
        .and_then(|function| {
            let calls = follow(image, function)?.calls;
            let mut worst = Stack::default();
            for (target, _) in calls {
                worst = deeper(worst, walk.function(target)?, 0);
            }
            Ok(worst)
        });
    worst.map_err(|finding| Error::Findings {
        check: "the deepest stack",
        findings: vec![finding],
    })
}

fn deeper(worst: Stack, callee: Stack, at: u64) -> Stack {
    let at_bus = if callee.at_bus > 0 {
        callee.at_bus + at
    } else {
        0
    };
    Stack {
        peak: worst.peak.max(callee.peak + at),
        at_bus: worst.at_bus.max(at_bus),
    }
}

struct Walk<'a> {
    image: &'a Image,
    bus: &'a [&'a str],
    known: BTreeMap<u64, Stack>,
    /// The functions whose callees are being looked at.
    above: Vec<u64>,
}

impl Walk<'_> {
    fn function(&mut self, address: u64) -> Result<Stack, String> {
        let Some(function) = self.image.function_at(address) else {
            return Err(format!("no function at {address:#x}"));
        };
        let start = function.range.start;
        if let Some(known) = self.known.get(&start) {
            return Ok(*known);
        }
        if self.above.contains(&start) {
            return Err(format!("{} calls itself", function.name));
        }
        self.above.push(start);
        let own = follow(self.image, function)?;
        let mut stack = Stack {
            peak: own.peak,
            at_bus: 0,
        };
        for (target, at) in own.calls {
            let callee = self.image.function_at(target);
            if callee.is_some_and(|callee| self.bus.contains(&callee.name.as_str())) {
                stack.at_bus = stack.at_bus.max(at);
            } else {
                stack = deeper(stack, self.function(target)?, at);
            }
        }
        self.above.pop();
        self.known.insert(start, stack);
        Ok(stack)
    }
}

/// What one function does by itself.
#[derive(Debug, Default)]
struct Own {
    peak: u64,
    /// Calls and jumps to other functions, and the depth there.
    calls: BTreeSet<(u64, u64)>,
}

/// Where a path goes on.
#[derive(Clone, Copy)]
struct Point {
    address: u64,
    depth: u64,
    /// How many instructions from here are conditional.
    conditional: u8,
}

/// Follow all paths of `function`.
fn follow(image: &Image, function: &Function) -> Result<Own, String> {
    let mut own = Own::default();
    let mut depths = BTreeMap::new();
    let mut todo = vec![Point {
        address: function.range.start,
        depth: 0,
        conditional: 0,
    }];
    // Depth at a jump through a table, which is that of its targets.
    let mut table = None;
    loop {
        while let Some(point) = todo.pop() {
            let inside = function.range.contains(&point.address) && image.is_code(point.address);
            let seen = depths.get(&point.address);
            if !inside || seen.is_some_and(|depth| *depth >= point.depth) {
                continue;
            }
            if point.depth > ABSURD {
                return Err(format!("{}: stack without bound", function.name));
            }
            depths.insert(point.address, point.depth);
            own.peak = own.peak.max(point.depth);
            step(image, function, point, &mut own, &mut todo, &mut table)
                .map_err(|what| format!("{}: {what} at {:#x}", function.name, point.address))?;
        }
        let Some(depth) = table else { return Ok(own) };
        let missed = instructions(image, function).find(|address| !depths.contains_key(address));
        let Some(address) = missed else {
            return Ok(own);
        };
        todo.push(Point {
            address,
            depth,
            conditional: 0,
        });
    }
}

/// One instruction: its effect on `own`, and where paths go on from it.
fn step(
    image: &Image,
    function: &Function,
    point: Point,
    own: &mut Own,
    todo: &mut Vec<Point>,
    table: &mut Option<u64>,
) -> Result<(), &'static str> {
    let Point {
        address,
        depth,
        conditional,
    } = point;
    let (instruction, length) = decode(image, address).ok_or("no instruction")?;
    let mut go = |address, depth, conditional| {
        todo.push(Point {
            address,
            depth,
            conditional,
        });
    };
    let next = address + length;
    let mut after = Some(depth);
    let mut left = conditional.saturating_sub(1);
    match instruction {
        Instruction::Grow(bytes) => after = Some(depth + bytes),
        Instruction::Shrink(bytes) => after = Some(depth.saturating_sub(bytes)),
        Instruction::AddRegister(register) => {
            let offset = constant(image, function, address, register);
            let offset = offset.ok_or("stack pointer computed")?.cast_signed();
            after = Some(depth.saturating_add_signed(-i64::from(offset)));
        }
        // Before a function takes its registers back the stack only shrinks.
        Instruction::SetStack => match decode(image, next) {
            Some((Instruction::End | Instruction::Shrink(_), _)) => {}
            _ => return Err("stack pointer set"),
        },
        // A jump too far for the short form: the link register is free then.
        Instruction::Call(target) if within(function, target) => {
            go(target, depth, 0);
            after = None;
        }
        Instruction::Call(target) => {
            own.calls.insert((target, depth));
        }
        Instruction::Jump(target) | Instruction::JumpIf(target) => {
            if function.range.contains(&target) {
                go(target, depth, 0);
            } else {
                own.calls.insert((target, depth));
            }
            if matches!(instruction, Instruction::Jump(_)) {
                after = None;
            }
        }
        Instruction::JumpTable => {
            *table = (*table).max(Some(depth));
            after = None;
        }
        Instruction::CallIndirect(register) => {
            let target = constant(image, function, address, register);
            let target = u64::from(target.ok_or("call unknown")? & !1);
            own.calls.insert((target, depth));
        }
        Instruction::JumpIndirect => return Err("jump unknown"),
        Instruction::End => after = None,
        Instruction::IfThen(count) => left = count,
        Instruction::Literal { .. } | Instruction::Other => {}
    }
    // What is conditional may also not happen.
    let after = if conditional > 0 {
        after.max(Some(depth))
    } else {
        after
    };
    if let Some(depth) = after {
        go(next, depth, left);
    }
    Ok(())
}

/// Past the first instruction: a call there would be recursion.
fn within(function: &Function, target: u64) -> bool {
    target != function.range.start && function.range.contains(&target)
}

fn decode(image: &Image, address: u64) -> Option<(Instruction, u64)> {
    let first = image.halfword(address)?;
    if thumb::is_wide(first) {
        let second = image.halfword(address + 2)?;
        Some((thumb::wide(address, first, second), 4))
    } else {
        Some((thumb::narrow(address, first), 2))
    }
}

/// The addresses of the instructions of `function`, one after the other.
fn instructions<'a>(image: &'a Image, function: &'a Function) -> impl Iterator<Item = u64> + 'a {
    let mut address = function.range.start;
    std::iter::from_fn(move || {
        while function.range.contains(&address) && !image.is_code(address) {
            address += 2;
        }
        let (_, length) = decode(image, address)?;
        let this = address;
        address += length;
        function.range.contains(&this).then_some(this)
    })
}

/// The constant that `register` holds at `address`, when it was loaded on the
/// straight way there. So a function is called that is called often in one
/// block, and so a large frame is made.
fn constant(image: &Image, function: &Function, address: u64, register: u8) -> Option<u32> {
    let before = instructions(image, function).take_while(|at| *at < address);
    let before: Vec<_> = before.collect();
    for at in before.into_iter().rev() {
        match decode(image, at)?.0 {
            Instruction::Literal {
                register: loaded,
                address,
            } if loaded == register => return image.word(address),
            // A callee keeps r4 to r11.
            Instruction::Call(_) | Instruction::CallIndirect(_) if (4..12).contains(&register) => {}
            Instruction::Call(_)
            | Instruction::CallIndirect(_)
            | Instruction::Jump(_)
            | Instruction::JumpIf(_)
            | Instruction::JumpIndirect
            | Instruction::JumpTable
            | Instruction::End => return None,
            _ if thumb::may_write(image.word(at)?, register) => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: [u16; 3] = [0xF000, 0xF801, 0xE7FE]; // bl 6; b .

    fn measured(rest: &[u16], functions: &[(&str, std::ops::Range<u64>)]) -> Result<Stack, Error> {
        let entry = ("entry", 0..6);
        let all: Vec<_> = std::iter::once(entry).chain(functions.to_vec()).collect();
        of_callees(
            &Image::of(&[&ENTRY, rest].concat(), &all),
            "entry",
            &["bus"],
        )
    }

    #[test]
    fn a_call_adds_to_the_depth_at_the_call_and_the_bus_takes_none() {
        let code = [
            0xB510, // 6: push {r4, lr}
            0xB084, // sub sp, #16
            0xF000, 0xF804, // bl 22
            0xB004, // add sp, #16
            0xF000, 0xF803, // bl 26
            0xBD10, // pop {r4, pc}
            0xB40F, // 22: push {r0-r3}
            0x4770, // bx lr
            0xB5FF, // 26: push {r0-r7, lr}
            0xBD10,
        ];
        let functions = [("f", 6..22), ("bus", 22..26), ("deep", 26..30)];
        let stack = measured(&code, &functions).unwrap();
        // At the bus 8 + 16; in `deep` 8 + 36.
        assert_eq!(
            stack,
            Stack {
                peak: 44,
                at_bus: 24
            }
        );
    }

    #[test]
    fn nothing_is_guessed() {
        for (code, what) in [
            (&[0xF7FF_u16, 0xFFFE][..], "calls itself"), // bl .
            (&[0x4780], "call unknown"),                 // blx r0
            (&[0x4718], "jump unknown"),                 // bx r3
            (&[0x4685, 0xBF00], "stack pointer set"),    // mov sp, r0; nop
            (&[0x4485], "stack pointer computed"),       // add sp, r0
            (&[0xB401, 0xE7FD], "stack without bound"),  // push {r0}; b .-2
        ] {
            let end = 6 + 2 * u64::try_from(code.len()).unwrap();
            let error = measured(code, &[("f", 6..end)]).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
