//! What Thumb instructions do to the stack pointer and to the flow of control;
//! of everything else only the length.
//!
//! Source: Armv7-M Architecture Reference Manual, chapters A5 and A7.
#![expect(
    clippy::cast_possible_truncation,
    reason = "fields of a few bits are cut from wider words"
)]

/// An instruction, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Instruction {
    /// The stack grows by this many bytes.
    Grow(u64),
    /// It shrinks by this many bytes.
    Shrink(u64),
    /// The stack pointer gets a register added, the one of this number.
    AddRegister(u8),
    /// The stack pointer is set from a register.
    SetStack,
    /// A register is loaded with the word at an address.
    Literal {
        register: u8,
        address: u64,
    },
    Call(u64),
    /// To an address in a register.
    CallIndirect(u8),
    Jump(u64),
    JumpIf(u64),
    /// Through a table.
    JumpTable,
    /// To an address in a register that is not the link register.
    JumpIndirect,
    /// To the caller, or into a trap.
    End,
    /// So many of the next instructions are conditional.
    IfThen(u8),
    Other,
}

/// Whether the instruction that begins with `first` has 32 bits.
pub(super) const fn is_wide(first: u16) -> bool {
    first >> 11 >= 0b11101
}

/// Decode a 16-bit instruction at `pc`.
pub(super) fn narrow(pc: u64, op: u16) -> Instruction {
    let (low, high_register) = (u64::from(op & 0xFF), op >> 3 & 0xF);
    match op {
        0xB400..=0xB5FF => Instruction::Grow(registers(op & 0x1FF)),
        0xBC00..=0xBCFF => Instruction::Shrink(registers(op & 0xFF)),
        0xBD00..=0xBDFF | 0x4770 | 0xDE00..=0xDEFF => Instruction::End,
        0xB000..=0xB07F => Instruction::Shrink((low & 0x7F) * 4),
        0xB080..=0xB0FF => Instruction::Grow((low & 0x7F) * 4),
        _ if op & 0xFF87 == 0x4485 => Instruction::AddRegister(high_register as u8),
        _ if op & 0xFF87 == 0x4685 => Instruction::SetStack,
        _ if op & 0xFF87 == 0x4487 || op & 0xFF87 == 0x4687 => Instruction::JumpTable,
        _ if op & 0xFF87 == 0x4700 => Instruction::JumpIndirect,
        _ if op & 0xFF87 == 0x4780 => Instruction::CallIndirect(high_register as u8),
        0x4800..=0x4FFF => Instruction::Literal {
            register: (op >> 8 & 7) as u8,
            address: ((pc + 4) & !3) + low * 4,
        },
        0xD000..=0xDDFF => Instruction::JumpIf(relative(pc, low << 1, 9)),
        0xE000..=0xE7FF => Instruction::Jump(relative(pc, u64::from(op & 0x7FF) << 1, 12)),
        // CBZ and CBNZ.
        _ if op & 0xF500 == 0xB100 => {
            Instruction::JumpIf(pc + 4 + u64::from((op >> 9 & 1) << 6 | (op >> 3 & 0x1F) << 1))
        }
        0xBF00..=0xBFFF if op & 0xF != 0 => {
            Instruction::IfThen(4 - (op & 0xF).trailing_zeros() as u8)
        }
        _ => Instruction::Other,
    }
}

/// Decode a 32-bit instruction at `pc`.
pub(super) fn wide(pc: u64, first: u16, second: u16) -> Instruction {
    let imm8 = u64::from(second & 0xFF);
    match (first, second) {
        // STMDB and LDMIA of the stack pointer.
        (0xE92D, list) => Instruction::Grow(registers(list)),
        (0xE8BD, list) if list & 0x8000 != 0 => Instruction::End,
        (0xE8BD, list) => Instruction::Shrink(registers(list)),
        (0xF85F | 0xF8DF, _) if second >> 12 != 15 => Instruction::Literal {
            register: (second >> 12) as u8,
            address: if first == 0xF8DF {
                ((pc + 4) & !3) + u64::from(second & 0xFFF)
            } else {
                ((pc + 4) & !3).saturating_sub(u64::from(second & 0xFFF))
            },
        },
        // STR and LDR of one register; STRD and LDRD of two, VPUSH and
        // VPOP.
        (0xF84D, _) if second & 0x0F00 == 0x0D00 => Instruction::Grow(imm8),
        (0xF85D, _) if second & 0xFF00 == 0xFB00 => Instruction::End,
        (0xF85D, _) if second & 0x0F00 == 0x0B00 => Instruction::Shrink(imm8),
        (0xE96D | 0xED2D | 0xED6D, _) => Instruction::Grow(imm8 * 4),
        (0xE8FD | 0xECBD | 0xECFD, _) => Instruction::Shrink(imm8 * 4),
        // SUB and ADD of a constant.
        _ if first & 0xFBEF == 0xF1AD && second & 0x8F00 == 0x0D00 => {
            Instruction::Grow(expanded(first, second))
        }
        _ if first & 0xFBEF == 0xF10D && second & 0x8F00 == 0x0D00 => {
            Instruction::Shrink(expanded(first, second))
        }
        _ if first & 0xFBFF == 0xF2AD && second & 0x8F00 == 0x0D00 => {
            Instruction::Grow(immediate(first, second))
        }
        _ if first & 0xFBFF == 0xF20D && second & 0x8F00 == 0x0D00 => {
            Instruction::Shrink(immediate(first, second))
        }
        // Other arithmetic with the stack pointer as its result.
        _ if first & 0xFE00 == 0xEA00 && second & 0x0F00 == 0x0D00 && first & 0x1F0 != 0x1B0 => {
            Instruction::SetStack
        }
        // TBB and TBH.
        _ if first & 0xFFF0 == 0xE8D0 && second & 0xFFE0 == 0xF000 => Instruction::JumpTable,
        // LDR of the program counter.
        _ if first & 0xFF70 == 0xF850 && second >> 12 == 15 => Instruction::JumpIndirect,
        _ if first & 0xF800 == 0xF000 && second & 0x8000 != 0 => branch(pc, first, second),
        _ => Instruction::Other,
    }
}

fn branch(pc: u64, first: u16, second: u16) -> Instruction {
    let bit = |word: u16, at: u16| u64::from(word >> at & 1);
    let (s, j1, j2) = (bit(first, 10), bit(second, 13), bit(second, 11));
    let low = u64::from(second & 0x7FF) << 1;
    let far = || {
        let (i1, i2) = (1 ^ j1 ^ s, 1 ^ j2 ^ s);
        let offset = s << 24 | i1 << 23 | i2 << 22 | u64::from(first & 0x3FF) << 12 | low;
        relative(pc, offset, 25)
    };
    match second & 0xD000 {
        0xD000 => Instruction::Call(far()),
        0x9000 => Instruction::Jump(far()),
        // The conditions 14 and 15 are other instructions, UDF.W among them.
        0x8000 if first & 0x0380 != 0x0380 => {
            let offset = s << 20 | j2 << 19 | j1 << 18 | u64::from(first & 0x3F) << 12 | low;
            Instruction::JumpIf(relative(pc, offset, 21))
        }
        _ => Instruction::Other,
    }
}

/// Whether the instruction in `word`, or in its low half, may write `register`.
pub(super) const fn may_write(word: u32, register: u8) -> bool {
    let (first, second) = (word as u16, (word >> 16) as u16);
    let (low, middle) = ((first & 7) as u8, (first >> 8 & 7) as u8);
    let listed = (first & 0xFF) >> register & 1 == 1;
    let (upper, lower) = ((second >> 12) as u8, (second >> 8 & 0xF) as u8);
    match first {
        0x2000..=0x3FFF | 0x4800..=0x4FFF | 0x9000..=0xAFFF => middle == register,
        0x4400..=0x46FF => (first >> 4 & 8) as u8 | low == register,
        0x0000..=0x43FF | 0x5000..=0x8FFF | 0xB200..=0xB2FF | 0xBA00..=0xBAFF => low == register,
        0xBC00..=0xBDFF => listed,
        0xC000..=0xCFFF => listed || middle == register,
        // Arithmetic with a constant; loads and stores of two registers.
        0xF000..=0xF7FF => lower == register,
        0xE940..=0xE95F | 0xE9C0..=0xE9DF => upper == register || lower == register,
        0xE800..=0xFFFF => true,
        _ => false,
    }
}

fn registers(list: u16) -> u64 {
    u64::from(list.count_ones()) * 4
}

/// `pc` and the offset of `bits` bits, with its sign.
fn relative(pc: u64, offset: u64, bits: u32) -> u64 {
    let sign = 1 << (bits - 1);
    (pc + 4).wrapping_add((offset ^ sign).wrapping_sub(sign))
}

fn immediate(first: u16, second: u16) -> u64 {
    u64::from(first >> 10 & 1) << 11 | u64::from(second >> 12 & 7) << 8 | u64::from(second & 0xFF)
}

/// A modified immediate constant (`ThumbExpandImm`).
fn expanded(first: u16, second: u16) -> u64 {
    let coded = immediate(first, second);
    let byte = (coded & 0xFF) as u32;
    u64::from(match coded >> 8 {
        0 => byte,
        1 => byte << 16 | byte,
        2 => byte << 24 | byte << 8,
        3 => byte * 0x0101_0101,
        _ => (byte | 0x80).rotate_right((coded >> 7) as u32),
    })
}

#[cfg(test)]
mod tests {
    use super::Instruction::*;
    use super::*;

    /// Encodings by the manual's diagrams; text as an assembler's.
    #[test]
    fn narrow_instructions() {
        for (text, op, expected) in [
            ("push {r4, r5, r7, lr}", 0xB5B0, Grow(16)),
            ("pop {r4, r5}", 0xBC30, Shrink(8)),
            ("pop {r4, pc}", 0xBD10, End),
            ("bx lr", 0x4770, End),
            ("sub sp, #24", 0xB086, Grow(24)),
            ("add sp, #24", 0xB006, Shrink(24)),
            ("add sp, r7", 0x44BD, AddRegister(7)),
            ("mov sp, r6", 0x46B5, SetStack),
            ("mov pc, r2", 0x4697, JumpTable),
            ("bx r3", 0x4718, JumpIndirect),
            ("blx r4", 0x47A0, CallIndirect(4)),
            ("beq .-2", 0xD0FD, JumpIf(0xFE)),
            ("b .+4", 0xE000, Jump(0x104)),
            ("b .", 0xE7FE, Jump(0x100)),
            ("cbz r0, .+8", 0xB110, JumpIf(0x108)),
            ("itt eq", 0xBF04, IfThen(2)),
            ("nop", 0xBF00, Other),
            ("mov r0, sp", 0x4668, Other),
        ] {
            assert_eq!(narrow(0x100, op), expected, "{text}");
        }
        let literal = Literal {
            register: 7,
            address: 0x10C,
        };
        assert_eq!(narrow(0x102, 0x4F02), literal, "ldr r7, [pc, #8]");
    }

    #[test]
    fn wide_instructions() {
        for (text, first, second, expected) in [
            ("bl .+4", 0xF000, 0xF800, Call(0x104)),
            ("bl .-4", 0xF7FF, 0xFFFC, Call(0xFC)),
            ("b.w .+4", 0xF000, 0xB800, Jump(0x104)),
            ("beq.w .+4", 0xF000, 0x8000, JumpIf(0x104)),
            ("push.w {r4-r8, lr}", 0xE92D, 0x41F0, Grow(24)),
            ("pop.w {r4-r8, pc}", 0xE8BD, 0x81F0, End),
            ("pop.w {r8, r9}", 0xE8BD, 0x0300, Shrink(8)),
            ("str r11, [sp, #-4]!", 0xF84D, 0xBD04, Grow(4)),
            ("ldr r11, [sp], #4", 0xF85D, 0xBB04, Shrink(4)),
            ("ldr pc, [sp], #4", 0xF85D, 0xFB04, End),
            ("sub.w sp, sp, #512", 0xF5AD, 0x7D00, Grow(512)),
            ("add.w sp, sp, #512", 0xF50D, 0x7D00, Shrink(512)),
            ("subw sp, sp, #1028", 0xF2AD, 0x4D04, Grow(1028)),
            ("tbb [pc, r0]", 0xE8DF, 0xF000, JumpTable),
            ("dmb sy", 0xF3BF, 0x8F5F, Other),
            ("str r0, [sp, #4]", 0xF8CD, 0x0004, Other),
        ] {
            assert_eq!(wide(0x100, first, second), expected, "{text}");
        }
        let literal = Literal {
            register: 11,
            address: 0x1A8,
        };
        assert_eq!(
            wide(0x100, 0xF8DF, 0xB0A4),
            literal,
            "ldr.w r11, [pc, #164]"
        );
        for (text, op, register, expected) in [
            ("mov r0, r5", 0x4628, 0, true),
            ("mov r8, r0", 0x4680, 8, true),
            ("mov r8, r0", 0x4680, 0, false),
            ("ldr r2, [sp, #12]", 0x9A03, 3, false),
            ("ldr r2, [sp, #12]", 0x9A03, 2, true),
            ("pop {r4, r5}", 0xBC30, 5, true),
            ("ldm r1!, {r3}", 0xC908, 1, true),
            ("add.w r10, sp, #304", 0x7A98_F50D, 10, true),
            ("ldrd r2, r3, [sp, #8]", 0x2302_E9DD, 11, false),
        ] {
            assert_eq!(may_write(op, register), expected, "{text}, r{register}");
        }
        assert!(is_wide(0xF000) && is_wide(0xE92D) && !is_wide(0xE7FE));
    }
}
