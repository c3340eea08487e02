# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each origin in a few words."""

from __future__ import annotations

from inspector.model.origin import Origin

ORIGIN_WORDS: dict[Origin, str] = {
    Origin.SYSCALL: "SYSCALL from 64-bit code",
    Origin.SYSCALL32: "SYSCALL or SYSENTER from 32-bit code",
    Origin.INT80: "int 0x80",
    Origin.INT3: "a breakpoint trap",
    Origin.INT3_STEP: "the trap that ends a kprobe's single step",
    Origin.PAGE_FAULT: "a page fault",
    Origin.GENERAL_PROTECTION: "a general protection fault",
    Origin.DEBUG: "a debug exception",
    Origin.DOUBLE_FAULT: "a double fault",
    Origin.MACHINE_CHECK: "a machine check",
    Origin.EXCEPTION: "an exception",
    Origin.NMI: "a non-maskable interrupt",
    Origin.IRQ: "a device interrupt",
    Origin.SYSVEC: "an APIC system vector",
    Origin.FTRACE: "ftrace, called from a function's entry: no trap",
    Origin.FTRACE_ARGS: "ftrace, which saved the arguments only: no trap",
    Origin.OPTPROBE: "an optimised kprobe's jump: no trap",
    Origin.KRETPROBE: "a probed function's return: no trap",
    Origin.FORK_CHILD: "a copy of the parent's, not yet returned to user mode",
    Origin.EXEC: "rewritten by exec, not yet returned to user mode",
    Origin.WORKER: "a copy of the creator's, with no user program to return to",
    Origin.CRASH_NOTE: "saved by the panic, to describe its CPU",
    Origin.UNKNOWN: "nothing says what",
}

PROBE_ORIGINS: frozenset[Origin] = frozenset(
    {
        Origin.INT3,
        Origin.INT3_STEP,
        Origin.FTRACE,
        Origin.FTRACE_ARGS,
        Origin.OPTPROBE,
        Origin.KRETPROBE,
    }
)
"""Origins that a tracer or a debugger causes."""
