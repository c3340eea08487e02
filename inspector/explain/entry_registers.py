# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the registers of a frame of user mode hold what they hold."""

from __future__ import annotations

from inspector.explain.conventions import argument, syscall_arguments
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import Delivery, Origin

_USER_STATE = {
    "ip": Evidence("user-ip", "where user space goes on"),
    "cs": Evidence("user-cs", "user space's code segment"),
    "flags": Evidence("user-flags", "user space's flags"),
    "sp": Evidence("user-sp", "user space's stack"),
    "ss": Evidence("user-ss", "user space's stack segment"),
}
_FAULTS = (Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION)


def entry_register(frame: Frame, register: str) -> Evidence:
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
        return Evidence("exec-cleared", "cleared for the new program")
    if frame.origin.is_syscall:
        return _syscall(frame, register)
    return Evidence("user-live", f"user space's live {register}")


def _ip(frame: Frame) -> Evidence:
    if frame.origin is Origin.WORKER:
        return Evidence("worker-ip", "zero: it never was in user space, and never will be")
    if frame.origin is Origin.EXEC:
        return Evidence("exec-ip", "where the new program begins")
    if frame.origin is Origin.INT3:
        return Evidence("user-int3-ip", "one byte past the breakpoint in user space")
    if frame.origin in _FAULTS:
        return Evidence(
            "user-fault-ip", "the instruction in user space that faulted, and is tried again"
        )
    if frame.origin is Origin.FORK_CHILD:
        return Evidence("fork-child-ip", "where the child begins: behind the call that made it")
    return _USER_STATE["ip"]


def _worker(register: str) -> Evidence:
    if register == "sp":
        return Evidence("worker-sp", "zero: it has no user stack")
    return Evidence("worker-copied", "copied from the task that created the worker")


def _fork_child(register: str) -> Evidence:
    if register == "sp":
        return Evidence(
            "fork-child-sp",
            "the child's stack: the one that clone was given, or its copy of the parent's",
        )
    return Evidence("fork-child-copied", "copied from the parent's entry frame")


def _syscall(frame: Frame, register: str) -> Evidence:
    if frame.origin is Origin.SYSCALL:
        if register == "cx":
            return _saved_by_syscall(frame, "ip", "cx")
        if register == "r11":
            return _saved_by_syscall(frame, "flags", "r11")
    if frame.syscall is None:
        return Evidence("syscall-register", f"user space's {register}")
    carried = argument(register, syscall_arguments(frame.origin), "the syscall's")
    if carried:
        return Evidence("syscall-argument", f"{carried} if it takes that many")
    return Evidence("syscall-kept", f"user space's {register}, kept")


def _saved_by_syscall(frame: Frame, saved: str, register: str) -> Evidence:
    """SYSCALL puts rip into rcx and rflags into r11; FRED and whoever rewrites a frame do not."""
    if frame.registers[register] == frame.registers[saved]:
        return Evidence(
            "syscall-saves",
            f"user {saved}: the SYSCALL instruction saves it in r{register.removeprefix('r')}",
        )
    if frame.delivery is Delivery.FRED:
        return Evidence(
            "fred-keeps", f"user space's {register}: with FRED, SYSCALL leaves it alone"
        )
    return Evidence(
        "syscall-frame-rewritten",
        f"not user {saved} any more: sigreturn, a signal or a tracer rewrote the frame",
    )
