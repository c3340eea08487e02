# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the registers of a frame that interrupted the kernel hold what they hold."""

from __future__ import annotations

from inspector.explain.conventions import C_ARGUMENTS, CALLEE_SAVED, argument
from inspector.model.context import Context
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import Origin

_INTERRUPTS_ON = 1 << 9  # X86_EFLAGS_IF
_HANDLERS = ("__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", "__x32_compat_sys_")


def kernel_register(frame: Frame, register: str, context: Context) -> Evidence:
    """Why ``register``, neither orig_ax nor ax, holds its value."""
    if register == "ip":
        return _ip(frame)
    if register == "sp":
        return _sp(frame)
    if register == "cs":
        return _cs(frame)
    if register == "ss":
        return _ss(frame)
    if register == "flags":
        return _flags(frame)
    if frame.origin is Origin.KRETPROBE:
        return _returned(register)
    return _argument(frame, register, context) or _live(frame)


_IP = {
    Origin.INT3: Evidence("int3-ip", "one byte past the int3"),
    Origin.OPTPROBE: Evidence("optprobe-ip", "one byte past the probed address, as after an int3"),
    Origin.INT3_STEP: Evidence(
        "int3-step-ip", "in the instruction slot, past the copied instruction"
    ),
    Origin.KRETPROBE: Evidence("kretprobe-ip", "the trampoline that the function returned to"),
    Origin.CRASH_NOTE: Evidence("crash-note-ip", "a label in the code that saved the registers"),
    Origin.PAGE_FAULT: Evidence(
        "page-fault-ip", "the instruction that faulted, and is tried again"
    ),
    Origin.GENERAL_PROTECTION: Evidence("general-protection-ip", "the instruction that faulted"),
}


def _ip(frame: Frame) -> Evidence:
    if frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS):
        # kprobe_ftrace_handler(), arch/x86/kernel/kprobes/ftrace.c
        if frame.kprobe is not None and frame.registers.ip == frame.kprobe.address + 1:
            return Evidence(
                "ftrace-kprobe-ip",
                "one byte into the call to ftrace, as a kprobe's handler expects",
            )
        return Evidence("ftrace-ip", "the function's call to ftrace")
    return _IP.get(frame.origin) or Evidence("interrupted-ip", "the instruction the kernel was at")


def _sp(frame: Frame) -> Evidence:
    if frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS):
        return Evidence("ftrace-sp", "as the function was entered: its return address lies there")
    if frame.origin is Origin.CRASH_NOTE:
        return Evidence("crash-note-sp", "the kernel stack of the code that crashed")
    return Evidence("interrupted-sp", "the kernel stack of the code that was interrupted")


def _cs(frame: Frame) -> Evidence:
    # A 16-bit member since 6.9, set by optimized_callback(), arch/x86/kernel/kprobes/opt.c.
    if frame.origin is Origin.OPTPROBE and frame.registers.cs != frame.registers.cs_selector:
        return Evidence(
            "optprobe-cs",
            "kernel mode by its low 16 bits: only they were written, the rest is left over",
        )
    return Evidence("kernel-cs", "kernel mode")


def _ss(frame: Frame) -> Evidence:
    if frame.registers.ss_selector == 0:
        return Evidence("null-ss", "null: the CPU loads it on entry from user mode")
    return Evidence("kernel-ss", "kernel data segment")


def _flags(frame: Frame) -> Evidence:
    state = "on" if frame.registers.flags & _INTERRUPTS_ON else "off"
    return Evidence("kernel-flags", f"the kernel's flags at that moment: interrupts were {state}")


def _returned(register: str) -> Evidence:
    if register in CALLEE_SAVED:
        return Evidence("returned-callee-saved", "the caller's: a C function gives it back")
    if register == "dx":
        return Evidence(
            "returned-dx",
            "the upper half of a 128-bit return value, else left over from the function",
        )
    return Evidence("returned-left-over", "left over from the function that returned")


def _argument(frame: Frame, register: str, context: Context) -> Evidence | None:
    if not context.at_entry:
        return None
    symbol = frame.interrupted.symbol if frame.interrupted else ""
    if symbol.startswith(_HANDLERS):  # asm/syscall_wrapper.h
        if register != "di":
            return None
        return Evidence("handler-argument", "the only argument of a syscall's handler")
    carried = argument(register, C_ARGUMENTS, "the function's")
    return Evidence("function-argument", f"{carried} if it takes that many") if carried else None


def _live(frame: Frame) -> Evidence:
    if frame.task is not None and frame.task.kernel_thread:
        return Evidence("interrupted-live", "live in the code that was interrupted")
    # PUSH_AND_CLEAR_REGS, arch/x86/entry/calling.h
    return Evidence("kernel-live", "the kernel's own; entry cleared user's")
