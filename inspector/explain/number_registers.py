# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why orig_ax and ax hold what they hold: the two that people mistake for each other."""

from __future__ import annotations

from inspector.model.errno import errno_name
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import as_int64

_ORIG_AX = {
    Origin.FTRACE: Evidence(
        "orig-ax-ftrace", "ftrace_regs_caller stores a constant 0: no trap, no syscall"
    ),
    Origin.FTRACE_ARGS: Evidence(
        "orig-ax-ftrace-args", "ftrace_caller stores a constant 0: no trap, no syscall"
    ),
    Origin.OPTPROBE: Evidence(
        "orig-ax-optprobe", "optimized_callback() sets -1: a jump came here, no syscall"
    ),
    Origin.KRETPROBE: Evidence("orig-ax-kretprobe", "the return trampoline sets -1: no syscall"),
    Origin.CRASH_NOTE: Evidence("orig-ax-crash-note", "crash_setup_regs() never writes it"),
    Origin.FORK_CHILD: Evidence(
        "orig-ax-fork-child",
        "copied from the parent: the number of the call that made this task",
    ),
    Origin.EXEC: Evidence(
        "orig-ax-exec", "forced to execve's number when the new program was set up"
    ),
    Origin.WORKER: Evidence("orig-ax-worker", "copied from the task that created the worker"),
}
_INT3 = Evidence("orig-ax-int3", "the int3 entry pushes -1: no error code, no syscall")
_INTERRUPT = Evidence("orig-ax-interrupt", "the interrupt entry leaves -1: no syscall")
_MINUS_ONE = {
    Origin.INT3: _INT3,
    Origin.INT3_STEP: _INT3,
    Origin.NMI: Evidence("orig-ax-nmi", "the NMI entry pushes -1: no syscall"),
    Origin.IRQ: _INTERRUPT,
    Origin.SYSVEC: _INTERRUPT,
}
# What the stub pushed, before C code puts -1 in its place (idtentry.h, entry_64.S).
_ERROR_CODE = Evidence(
    "orig-ax-error-code", "the error code, which the entry has not yet replaced by -1"
)
_NOT_YET = {
    Origin.IRQ: Evidence(
        "orig-ax-vector", "the vector, which the entry has not yet replaced by -1"
    ),
    Origin.SYSVEC: Evidence(
        "orig-ax-vector-complement", "the vector, complemented: this entry code leaves it there"
    ),
    Origin.PAGE_FAULT: _ERROR_CODE,
    Origin.GENERAL_PROTECTION: _ERROR_CODE,
    Origin.DOUBLE_FAULT: _ERROR_CODE,
    Origin.EXCEPTION: _ERROR_CODE,
}
UNKNOWN = Evidence("origin-unknown", "not known: the origin is not")


def orig_ax(frame: Frame) -> Evidence:
    """Why ``orig_ax`` holds its value."""
    origin = frame.origin
    if origin.is_syscall:
        if frame.syscall is not None:
            return Evidence(
                "orig-ax-number", "the syscall number, saved from user space's rax at entry"
            )
        return Evidence(
            "orig-ax-no-number", "no syscall number any more: sigreturn or a tracer wrote this"
        )
    if origin in _ORIG_AX:
        return _ORIG_AX[origin]
    if not origin.is_trap:
        return UNKNOWN
    if as_int64(frame.registers.orig_ax) != -1:
        return _NOT_YET.get(origin) or Evidence(
            "orig-ax-rewritten", "not the -1 that the entry leaves: something wrote it since"
        )
    return _MINUS_ONE.get(origin) or Evidence(
        "orig-ax-exception", "the exception entry leaves -1: no syscall"
    )


_AX = {
    Origin.FORK_CHILD: Evidence("ax-fork-child", "0: what the call returns in the child"),
    Origin.KRETPROBE: Evidence("ax-return-value", "the function's return value"),
    Origin.EXEC: Evidence("ax-exec", "cleared"),
    Origin.WORKER: Evidence("ax-worker", "cleared"),
    Origin.UNKNOWN: UNKNOWN,
}


def ax(frame: Frame) -> Evidence:
    """Why ``ax`` holds its value."""
    if frame.origin.is_syscall:
        return _syscall_ax(frame)
    if frame.origin in _AX:
        return _AX[frame.origin]
    if frame.user_mode:
        return Evidence("ax-user-live", "user space's live rax")
    if frame.origin is Origin.CRASH_NOTE:
        return Evidence(
            "ax-crash-live", "the live rax of the code that crashed, not a syscall's result"
        )
    return Evidence(
        "ax-kernel-live", "the live rax of the code that was interrupted, not a syscall's result"
    )


def _syscall_ax(frame: Frame) -> Evidence:
    name = errno_name(frame.registers.ax)
    if name == "-ENOSYS":
        return Evidence("ax-enosys", "set to -ENOSYS at entry; the result is not in yet")
    if name is not None and name.startswith("-ERESTART"):
        return Evidence("ax-restart", "the call was cut short by a signal, and is to be restarted")
    return Evidence("ax-result", "the result, on the way out (or what a tracer wrote)")
