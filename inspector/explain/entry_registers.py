# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the registers of a frame of user mode hold what they hold."""

from __future__ import annotations

from inspector.explain.conventions import argument, syscall_arguments
from inspector.model.frame import Frame
from inspector.model.origin import Delivery, Origin

_USER_STATE = {
    "ip": "where user space goes on",
    "cs": "user space's code segment",
    "flags": "user space's flags",
    "sp": "user space's stack",
    "ss": "user space's stack segment",
}
_FAULTS = (Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION)


def entry_register(frame: Frame, register: str) -> str:
    """Why ``register``, neither orig_ax nor ax, holds its value."""
    if register == "ip":
        return _ip(frame)
    if frame.origin is Origin.WORKER:
        return _worker(register)
    if frame.origin is Origin.FORK_CHILD:
        return _fork_child(register)
    if register in _USER_STATE:
        return _USER_STATE[register]
    if frame.origin is Origin.EXEC:
        return "cleared for the new program"
    if frame.origin.is_syscall:
        return _syscall(frame, register)
    return f"user space's live {register}"


def _ip(frame: Frame) -> str:
    if frame.origin is Origin.WORKER:
        return "zero: it never was in user space, and never will be"
    if frame.origin is Origin.EXEC:
        return "where the new program begins"
    if frame.origin is Origin.INT3:
        return "one byte past the breakpoint in user space"
    if frame.origin in _FAULTS:
        return "the instruction in user space that faulted, and is tried again"
    if frame.origin is Origin.FORK_CHILD:
        return "where the child begins: behind the call that made it"
    return _USER_STATE["ip"]


def _worker(register: str) -> str:
    if register == "sp":
        return "zero: it has no user stack"
    return "copied from the task that created the worker"


def _fork_child(register: str) -> str:
    if register == "sp":
        return "the child's stack: the one that clone was given, or its copy of the parent's"
    return "copied from the parent's entry frame"


def _syscall(frame: Frame, register: str) -> str:
    if frame.origin is Origin.SYSCALL:
        if register == "cx":
            return _saved_by_syscall(frame, "ip", "cx")
        if register == "r11":
            return _saved_by_syscall(frame, "flags", "r11")
    if frame.syscall is None:
        return f"user space's {register}"
    carried = argument(register, syscall_arguments(frame.origin), "the syscall's")
    return f"{carried} if it takes that many" if carried else f"user space's {register}, kept"


def _saved_by_syscall(frame: Frame, saved: str, register: str) -> str:
    """SYSCALL puts rip into rcx and rflags into r11; FRED and whoever rewrites a frame do not."""
    if frame.registers[register] == frame.registers[saved]:
        return f"user {saved}: the SYSCALL instruction saves it in r{register.removeprefix('r')}"
    if frame.delivery is Delivery.FRED:
        return f"user space's {register}: with FRED, SYSCALL leaves it alone"
    return f"not user {saved} any more: sigreturn, a signal or a tracer rewrote the frame"
