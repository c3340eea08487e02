# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why orig_ax and ax hold what they hold: the two that people mistake for each other."""

from __future__ import annotations

from inspector.explain.values import by_crash_setup_regs
from inspector.facts.errno import errno_name
from inspector.model.access import Context
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import FTRACE_CALLERS, Delivery, Origin
from inspector.model.registers import as_int64

UNKNOWN = Evidence("origin-unknown", "not known, as the origin is not")

_EXECVE = (59, 11)  # __NR_execve of the 64-bit and of the 32-bit table

# What each leaves: -1 by the time that a handler is given the frame.
_MINUS_ONE = {
    Origin.OPTPROBE: Evidence(
        "orig-ax-optprobe", "optimized_callback() sets -1: a jump came here, no syscall"
    ),
    Origin.KRETPROBE: Evidence(
        "orig-ax-kretprobe", "the return trampoline's C code sets -1: no syscall"
    ),
    Origin.INT3: Evidence("orig-ax-int3", "the int3 entry pushes -1: no error code, no syscall"),
    Origin.INT3_STEP: Evidence(
        "orig-ax-int3", "the int3 entry pushes -1: no error code, no syscall"
    ),
    Origin.NMI: Evidence("orig-ax-nmi", "the NMI entry pushes -1: no syscall"),
    Origin.IRQ: Evidence("orig-ax-interrupt", "the interrupt entry leaves -1: no syscall"),
    Origin.SYSVEC: Evidence("orig-ax-interrupt", "the interrupt entry leaves -1: no syscall"),
}
# fred_entry_from_user(), fred_entry_from_kernel(): arch/x86/entry/entry_fred.c
_FRED = Evidence("orig-ax-fred", "FRED's entry code sets -1: no syscall")
_FRED_NOT_YET = Evidence(
    "orig-ax-fred-error-code",
    "what the CPU pushed, not yet replaced by -1: an error code, 0 where the event has none",
)

# What the stub pushed, before C code puts -1 in its place (idtentry.h, entry_64.S).
_ERROR_CODE = Evidence("orig-ax-error-code", "the error code, not yet replaced by -1")
_NOT_YET = {
    Origin.IRQ: Evidence("orig-ax-vector", "the vector, not yet replaced by -1"),
    Origin.SYSVEC: Evidence(
        "orig-ax-vector-complement", "the vector, complemented: this entry code leaves it there"
    ),
    Origin.PAGE_FAULT: _ERROR_CODE,
    Origin.GENERAL_PROTECTION: _ERROR_CODE,
    Origin.DOUBLE_FAULT: _ERROR_CODE,
    Origin.EXCEPTION: _ERROR_CODE,
}
_REWRITTEN = Evidence("orig-ax-rewritten", "not the -1 that the entry leaves: rewritten since")


def orig_ax(frame: Frame, context: Context) -> Evidence:
    """Why ``orig_ax`` holds its value."""
    origin, minus_one = frame.origin, as_int64(frame.registers.orig_ax) == -1
    if origin.is_syscall:
        return _number(frame)
    if origin in FTRACE_CALLERS:
        return _ftrace(frame, context)
    if origin in _COPIED:
        return _COPIED[origin]
    if origin is Origin.EXEC:
        return _exec(frame)
    if origin in (Origin.OPTPROBE, Origin.KRETPROBE):
        return _MINUS_ONE[origin] if minus_one else _LEFT_OVER
    if not origin.is_trap:
        return UNKNOWN
    if frame.delivery is Delivery.FRED:
        return _FRED if minus_one else _FRED_NOT_YET
    if minus_one:
        exception = Evidence("orig-ax-exception", "the exception entry leaves -1: no syscall")
        return _MINUS_ONE.get(origin, exception)
    return _NOT_YET.get(origin, _REWRITTEN)


_COPIED = {
    Origin.CRASH_NOTE: Evidence("orig-ax-crash-note", "copied with the frame that was saved"),
    Origin.FORK_CHILD: Evidence(
        "orig-ax-fork-child", "copied from the parent: the syscall that made this task"
    ),
    Origin.WORKER: Evidence("orig-ax-worker", "copied from the task that created this one"),
}
_LEFT_OVER = Evidence("orig-ax-not-yet", "left over: the C code that sets -1 has not run yet")


def _number(frame: Frame) -> Evidence:
    if frame.syscall is not None:
        text = "the syscall number: user rax at entry, unless a tracer changed it"
        return Evidence("orig-ax-number", text)
    text = "a negative number, which is no syscall; sigreturn and tracers write -1"
    return Evidence("orig-ax-no-number", text)


def _ftrace(frame: Frame, context: Context) -> Evidence:
    caller, zero = FTRACE_CALLERS[frame.origin], frame.registers.orig_ax == 0
    if context.ftrace_stores_zero is None:
        text = f"not known: the code of {caller} is not in this target"
        return Evidence("orig-ax-ftrace-unknown", text)
    if not context.ftrace_stores_zero:
        text = f"left over: {caller} of this kernel does not write it"
        return Evidence("orig-ax-ftrace-left-over", text)
    if zero:
        text = f"{caller} stores a constant 0: no trap, no syscall"
        return Evidence("orig-ax-ftrace", text)
    # ftrace.h: the caller jumps there afterwards.
    text = f"not the 0 that {caller} stores: arch_ftrace_set_direct_caller() writes a target here"
    return Evidence("orig-ax-ftrace-direct", text)


def _exec(frame: Frame) -> Evidence:
    if frame.registers.orig_ax in _EXECVE:
        text = "execve's number, which execve itself stores for the new program"
        return Evidence("orig-ax-exec", text)
    return Evidence("orig-ax-exec-rewritten", "not execve's number: rewritten since execve")


def ax(frame: Frame) -> Evidence:
    """Why ``ax`` holds its value."""
    origin, zero = frame.origin, not frame.registers.ax
    if origin.is_syscall or (origin is Origin.EXEC and not zero):
        return _syscall_ax(frame)
    if origin is Origin.EXEC:
        return Evidence("ax-exec", "0: what a new program starts with")
    if origin is Origin.FORK_CHILD:
        return _CHILD_AX if zero else Evidence("ax-rewritten", "not the 0 that it started with")
    if origin is Origin.WORKER:
        return _WORKER_AX if zero else Evidence("ax-rewritten", "not the 0 that it started with")
    if origin is Origin.UNKNOWN:
        return UNKNOWN
    if origin is Origin.KRETPROBE:
        return Evidence("ax-return-value", "the function's return value, if it has one")
    if frame.user_mode:
        return Evidence("ax-user-live", "user rax")
    if by_crash_setup_regs(frame):
        return Evidence("ax-crash-live", "live rax when the kernel saved this")
    return _CALL_AX if origin in FTRACE_CALLERS else _LIVE


_WORKER_AX = Evidence("ax-worker", "0: set when the task was made")
_CHILD_AX = Evidence("ax-fork-child", "0: what the syscall returns in the child")
_LIVE = Evidence("ax-kernel-live", "live rax of the interrupted code")
_CALL_AX = Evidence("ax-call-live", "live rax as the function was called")


def _syscall_ax(frame: Frame) -> Evidence:
    name = errno_name(frame.registers.ax)
    if name == "-ENOSYS":
        text = "set to -ENOSYS at entry; the syscall has not returned, or returned -ENOSYS itself"
        return Evidence("ax-enosys", text)
    if name is not None and name.startswith("-ERESTART"):
        text = "interrupted by a signal: to be restarted, or to return -EINTR"
        return Evidence("ax-restart", text)
    return Evidence("ax-result", "the syscall's result, unless a tracer or a restart changed it")
