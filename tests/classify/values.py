# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plain values for rule tests: no kernel, no memory."""

from __future__ import annotations

from dataclasses import replace

from inspector.facts.entry_points import EntryKind
from inspector.model.frame import Candidate, FoundBy, Word
from inspector.model.origin import EntryPoint
from inspector.model.record import Kprobe, Mechanism
from inspector.model.registers import REGISTER_NAMES, Registers
from inspector.model.stack import CodeRegion, Location, RegionKind, Stack, StackKind
from inspector.model.task import Running, Task

LOW, HIGH = 0xFFFFC90000010000, 0xFFFFC90000014000
TOP = HIGH - 168
TEXT = 0xFFFFFFFF81000000

TASK = Task(
    address=0xFFFF888000001000,
    pid=112,
    tgid=112,
    comm="forker",
    cpu=1,
    running=Running.ON_CPU,
    stack=Stack(StackKind.TASK, LOW, HIGH),
    entry_address=TOP,
    sp=LOW + 0x2000,
    kernel_thread=False,
    user_worker=False,
    compat=False,
    trap_nr=0,
)


def registers(**named: int) -> Registers:
    return Registers(**{name: named.get(name, 0) for name in REGISTER_NAMES})


def user(**named: int) -> Registers:
    usual = {
        "ip": 0x431449,
        "cx": 0x431449,
        "cs": 0x33,
        "flags": 0x246,
        "r11": 0x246,
        "sp": 0x7FFDAFACB7D8,
        "ss": 0x2B,
    }
    return registers(**(usual | named))


def kernel(address: int, **named: int) -> Registers:
    usual = {"ip": TEXT + 6, "cs": 0x10, "flags": 0x246, "sp": address + 168 + 0x30, "ss": 0x18}
    return registers(**({"orig_ax": 0xFFFFFFFFFFFFFFFF} | usual | named))


def below(address: int, kind: EntryKind, symbol: str, vector: int | None = None) -> Word:
    location = Location(TEXT + 0x100, symbol, 0x35)
    return Word(address - 8, TEXT + 0x100, location, EntryPoint(symbol, kind, vector))


def top_slot(regs: Registers, word: Word | None, task: Task = TASK) -> Candidate:
    return Candidate(FoundBy.TASK_PT_REGS, TOP, regs, task.stack, task, task.cpu, word)


def scanned(regs: Registers, word: Word | None, address: int = LOW + 0x3000) -> Candidate:
    return Candidate(FoundBy.SCAN, address, regs, TASK.stack, TASK, 1, word)


def recorded(regs: Registers, word: Word | None, address: int = LOW + 0x3000) -> Candidate:
    return replace(scanned(regs, word, address), found_by=FoundBy.RECORD)


def region(kind: RegionKind, saves_regs: bool = False) -> CodeRegion:
    low = 0xFFFFFFFFC0432000
    return CodeRegion(kind, low, low + 0x100, "kprobe_ftrace_ops", saves_regs)


def kprobe(mechanism: Mechanism) -> Kprobe:
    return Kprobe(TEXT + 5, Location(TEXT + 5, "__x64_sys_fork", 5), mechanism)
