# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why orig_ax and ax hold what they hold: the two that people mistake for each other."""

from __future__ import annotations

from inspector.model.errno import errno_name
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import as_int64

_ORIG_AX = {
    Origin.FTRACE: "ftrace_regs_caller stores a constant 0: no trap, no syscall",
    Origin.FTRACE_ARGS: "ftrace_caller stores a constant 0: no trap, no syscall",
    Origin.OPTPROBE: "optimized_callback() sets -1: a jump came here, no syscall",
    Origin.KRETPROBE: "the return trampoline sets -1: no syscall",
    Origin.CRASH_NOTE: "crash_setup_regs() never writes it",
    Origin.FORK_CHILD: "copied from the parent: the number of the call that made this task",
    Origin.EXEC: "forced to execve's number when the new program was set up",
    Origin.WORKER: "copied from the task that created the worker",
}
_MINUS_ONE = {
    Origin.INT3: "the int3 entry pushes -1: no error code, no syscall",
    Origin.INT3_STEP: "the int3 entry pushes -1: no error code, no syscall",
    Origin.NMI: "the NMI entry pushes -1: no syscall",
    Origin.IRQ: "the interrupt entry leaves -1: no syscall",
    Origin.SYSVEC: "the interrupt entry leaves -1: no syscall",
}
# What the stub pushed, before C code puts -1 in its place (idtentry.h, entry_64.S).
_NOT_YET = {
    Origin.IRQ: "the vector, which the entry has not yet replaced by -1",
    Origin.SYSVEC: "the vector, complemented: this entry code leaves it there",
    Origin.PAGE_FAULT: "the error code, which the entry has not yet replaced by -1",
    Origin.GENERAL_PROTECTION: "the error code, which the entry has not yet replaced by -1",
    Origin.DOUBLE_FAULT: "the error code, which the entry has not yet replaced by -1",
    Origin.EXCEPTION: "the error code, which the entry has not yet replaced by -1",
}


def orig_ax(frame: Frame) -> str:
    """Why ``orig_ax`` holds its value."""
    origin = frame.origin
    if origin.is_syscall:
        if frame.syscall is not None:
            return "the syscall number, saved from user space's rax at entry"
        return "no syscall number any more: sigreturn or a tracer wrote this"
    if origin in _ORIG_AX:
        return _ORIG_AX[origin]
    if not origin.is_trap:
        return "not known: the origin is not"
    if as_int64(frame.registers.orig_ax) != -1:
        return _NOT_YET.get(origin, "not the -1 that the entry leaves: something wrote it since")
    return _MINUS_ONE.get(origin, "the exception entry leaves -1: no syscall")


_AX = {
    Origin.FORK_CHILD: "0: what the call returns in the child",
    Origin.KRETPROBE: "the function's return value",
    Origin.EXEC: "cleared",
    Origin.WORKER: "cleared",
    Origin.UNKNOWN: "not known: the origin is not",
}


def ax(frame: Frame) -> str:
    """Why ``ax`` holds its value."""
    if frame.origin.is_syscall:
        return _syscall_ax(frame)
    if frame.origin in _AX:
        return _AX[frame.origin]
    if frame.user_mode:
        return "user space's live rax"
    if frame.origin is Origin.CRASH_NOTE:
        return "the live rax of the code that crashed, not a syscall's result"
    return "the live rax of the code that was interrupted, not a syscall's result"


def _syscall_ax(frame: Frame) -> str:
    name = errno_name(frame.registers.ax)
    if name == "-ENOSYS":
        return "set to -ENOSYS at entry; the result is not in yet"
    if name is not None and name.startswith("-ERESTART"):
        return "the call was cut short by a signal, and is to be restarted"
    return "the result, on the way out (or what a tracer wrote)"
