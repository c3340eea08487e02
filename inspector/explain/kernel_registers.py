# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the registers of a frame that interrupted the kernel hold what they hold."""

from __future__ import annotations

from inspector.explain.conventions import C_ARGUMENTS, CALLEE_SAVED, argument
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.origin import Origin

_INTERRUPTS_ON = 1 << 9  # X86_EFLAGS_IF
_HANDLERS = ("__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", "__x32_compat_sys_")


def kernel_register(frame: Frame, register: str, context: Context) -> str:
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
    Origin.INT3: "one byte past the int3",
    Origin.OPTPROBE: "one byte past the probed address, as after an int3",
    Origin.INT3_STEP: "in the instruction slot, past the copied instruction",
    Origin.KRETPROBE: "the trampoline that the function returned to",
    Origin.CRASH_NOTE: "a label in the code that saved the registers",
    Origin.PAGE_FAULT: "the instruction that faulted, and is tried again",
    Origin.GENERAL_PROTECTION: "the instruction that faulted",
}


def _ip(frame: Frame) -> str:
    if frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS):
        # kprobe_ftrace_handler(), arch/x86/kernel/kprobes/ftrace.c
        if frame.kprobe is not None and frame.registers.ip == frame.kprobe.address + 1:
            return "one byte into the call to ftrace, as a kprobe's handler expects"
        return "the function's call to ftrace"
    return _IP.get(frame.origin, "the instruction the kernel was at")


def _sp(frame: Frame) -> str:
    if frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS):
        return "as the function was entered: its return address lies there"
    if frame.origin is Origin.CRASH_NOTE:
        return "the kernel stack of the code that crashed"
    return "the kernel stack of the code that was interrupted"


def _cs(frame: Frame) -> str:
    # A 16-bit member since 6.9, set by optimized_callback(), arch/x86/kernel/kprobes/opt.c.
    if frame.origin is Origin.OPTPROBE and frame.registers.cs != frame.registers.cs_selector:
        return "kernel mode by its low 16 bits: only they were written, the rest is left over"
    return "kernel mode"


def _ss(frame: Frame) -> str:
    if frame.registers.ss_selector == 0:
        return "null: the CPU loads it on entry from user mode"
    return "kernel data segment"


def _flags(frame: Frame) -> str:
    state = "on" if frame.registers.flags & _INTERRUPTS_ON else "off"
    return f"the kernel's flags at that moment: interrupts were {state}"


def _returned(register: str) -> str:
    if register in CALLEE_SAVED:
        return "the caller's: a C function gives it back"
    if register == "dx":
        return "the upper half of a 128-bit return value, else left over from the function"
    return "left over from the function that returned"


def _argument(frame: Frame, register: str, context: Context) -> str:
    if not context.at_entry:
        return ""
    symbol = frame.interrupted.symbol if frame.interrupted else ""
    if symbol.startswith(_HANDLERS):  # asm/syscall_wrapper.h
        return "the only argument of a syscall's handler" if register == "di" else ""
    carried = argument(register, C_ARGUMENTS, "the function's")
    return f"{carried} if it takes that many" if carried else ""


def _live(frame: Frame) -> str:
    if frame.task is not None and frame.task.kernel_thread:
        return "live in the code that was interrupted"
    # PUSH_AND_CLEAR_REGS, arch/x86/entry/calling.h
    return "the kernel's own; entry cleared user's"
