# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decode values of registers: results, addresses, the syscall number."""

from __future__ import annotations

from inspector.facts.cpu import CODE_SEGMENTS, DATA_SEGMENTS, FLAG_BITS
from inspector.facts.uapi import MAX_ERRNO, errno_name
from inspector.model.access import Context, Pointer, PointsTo
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import FTRACE_CALLERS, Delivery, Origin
from inspector.model.registers import REGISTER_NAMES, as_int64

# Values in the field's own terms, and which register carries which argument.

# Which register carries which argument.

# entry_SYSCALL_64; entry_SYSENTER_compat, entry_SYSCALL_compat (the C code fills in bp) and
# int 0x80; the C convention of the System V ABI.
SYSCALL64_ARGUMENTS = ("di", "si", "dx", "r10", "r8", "r9")
SYSCALL32_ARGUMENTS = ("bx", "cx", "dx", "si", "di", "bp")
C_ARGUMENTS = ("di", "si", "dx", "cx", "r8", "r9")
# Registers that a C function gives back as it found them.
CALLEE_SAVED = ("bx", "bp", "r12", "r13", "r14", "r15")

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def syscall_arguments(origin: Origin) -> tuple[str, ...]:
    """The argument registers of a syscall with that entry."""
    if origin in (Origin.SYSCALL32, Origin.INT80):
        return SYSCALL32_ARGUMENTS
    return SYSCALL64_ARGUMENTS


def argument(register: str, order: tuple[str, ...]) -> str:
    """The name of the argument, such as ``third argument``; "" if the register carries none."""
    return f"{_ORDINALS[order.index(register)]} argument" if register in order else ""


def by_crash_setup_regs(frame: Frame) -> bool:
    """Whether ``crash_setup_regs()`` (asm/kexec.h) filled ``frame``, and did not copy another.

    It never writes orig_ax.
    """
    return frame.origin is Origin.CRASH_NOTE and "orig_ax" in frame.absent


# Values in the field's own terms.


def decoded(frame: Frame, register: str, pointer: Pointer | None) -> str:
    """The decoded value of ``register``, or "" if the number says it all."""
    value = frame.registers[register]
    if register in frame.absent:
        return frame.absent[register].why.value.replace("-", " ")
    if register == "orig_ax":
        return _orig_ax(frame)
    if register == "flags":
        return flag_names(value)
    if register == "cs":
        return CODE_SEGMENTS.get(frame.registers.cs_selector, "")
    if register == "ss":
        return DATA_SEGMENTS.get(frame.registers.ss_selector, "")
    if register == "ax" and (name := errno_name(value)):
        # A result may be an errno; the live rax of interrupted code is just a number.
        return f"{as_int64(value)} {name}" if _holds_result(frame) else str(as_int64(value))
    return _pointer(pointer) if pointer else ""


def _holds_result(frame: Frame) -> bool:
    return frame.origin.is_syscall or frame.origin in _RESULTS


_RESULTS = (Origin.EXEC, Origin.FORK_CHILD, Origin.KRETPROBE)


def flag_names(flags: int) -> str:
    """``IF ZF PF``: the set bits, highest first."""
    names = [name for bit, name in FLAG_BITS.items() if flags >> bit & 1]
    iopl = flags >> 12 & 3
    return " ".join([*([f"IOPL{iopl}"] if iopl else []), *reversed(names)])


def _orig_ax(frame: Frame) -> str:
    if frame.syscall is not None:
        name = frame.syscall.name or frame.syscall.handler or "(no name known)"
        return f"{frame.syscall.nr} {name}"
    value = as_int64(frame.registers.orig_ax)
    return str(value) if -MAX_ERRNO <= value < 0x10000 else ""


def _pointer(pointer: Pointer) -> str:
    if pointer.kind is PointsTo.ENTRY_FRAME:
        member = REGISTER_NAMES[pointer.offset // 8] if pointer.offset else ""
        return f"the task's own entry frame{f', its {member}' if member else ''}"
    if pointer.kind is PointsTo.OWN_FRAME:
        return "this very frame"
    if pointer.kind is PointsTo.TASK_STACK:
        return f"task stack, {pointer.offset:#x} below its top"
    if pointer.kind is PointsTo.TASK and pointer.task is not None:
        return f"task_struct of {pointer.task.comm} (pid {pointer.task.pid})"
    if pointer.kind is PointsTo.TEXT and pointer.location is not None:
        return str(pointer.location)
    if pointer.kind in _RANGES:
        return f"in {pointer.area or _RANGES[pointer.kind]}"
    return "not canonical" if pointer.kind is PointsTo.NOT_CANONICAL else ""


_RANGES = {
    PointsTo.KERNEL: "the kernel's half of the address space",
    PointsTo.USER: "user space's range",
}


# Why orig_ax and ax hold what they hold: the two that people mistake for each other.

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
