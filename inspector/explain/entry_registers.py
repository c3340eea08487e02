# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why the registers of a frame of user mode hold what they hold."""

from __future__ import annotations

from inspector.explain.conventions import argument, syscall_arguments
from inspector.facts.vectors import FAULTS
from inspector.model.context import Context
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.instruction import Moment
from inspector.model.origin import Delivery, Origin

_USER_STATE = {
    "ip": Evidence("user-ip", "where user mode continues"),
    "cs": Evidence("user-cs", "user code segment"),
    "flags": Evidence("user-flags", "user flags"),
    "sp": Evidence("user-sp", "user stack pointer"),
    "ss": Evidence("user-ss", "user stack segment"),
}


def entry_register(frame: Frame, register: str, context: Context) -> Evidence:
    """Why ``register``, neither orig_ax nor ax, holds its value."""
    if frame.origin is Origin.WORKER:
        return _worker(frame, register)
    if register == "ip":
        return _ip(frame, context)
    if frame.origin is Origin.FORK_CHILD:
        return _fork_child(register)
    if register in _USER_STATE:
        return _USER_STATE[register]
    if frame.origin is Origin.EXEC:
        return Evidence("exec-cleared", "cleared for the new program")
    if frame.origin.is_syscall:
        return _syscall(frame, register)
    return Evidence("user-live", "user value")


def _ip(frame: Frame, context: Context) -> Evidence:
    if frame.origin is Origin.EXEC:
        return Evidence("exec-ip", "entry point of the new program, or of its interpreter")
    if frame.origin is Origin.FORK_CHILD:
        return Evidence("fork-child-ip", "just past the syscall that made the child")
    if frame.origin is Origin.INT3:
        return _int3_ip(frame, context)
    if _by_instruction(frame) and not frame.origin.is_syscall:
        return Evidence("user-software-ip", "just past the user instruction that raised this")
    if frame.vector in FAULTS and not frame.origin.is_syscall:
        text = "the user instruction that faulted, unless a signal was delivered since"
        return Evidence("user-fault-ip", text)
    return _USER_STATE["ip"]


def _int3_ip(frame: Frame, context: Context) -> Evidence:
    instruction = context.instruction
    if _by_instruction(frame) or (instruction and instruction.moment is Moment.BEFORE):
        return Evidence("user-int3-ip", "just past the int3 in user space")
    return _USER_STATE["ip"]


def _by_instruction(frame: Frame) -> bool:
    """Whether FRED says that an instruction asked for the event: ip is then behind it."""
    return frame.delivery is Delivery.FRED and frame.registers.event_type in _SOFTWARE


# EVENT_TYPE_SWINT, _PRIV_SWEXC, _SWEXC and _OTHER (asm/trapnr.h)
_SOFTWARE = (4, 5, 6, 7)


def _worker(frame: Frame, register: str) -> Evidence:
    # copy_thread(), arch/x86/kernel/process.c
    if register in ("ip", "sp") and not frame.registers[register]:
        return Evidence("worker-no-program", "0: there is no user program to return to")
    return Evidence("worker-copied", "copied from the task that created this one")


def _fork_child(register: str) -> Evidence:
    if register == "sp":
        return Evidence("fork-child-sp", "the user stack that clone() was given, else the parent's")
    return Evidence("fork-child-copied", "copied from the parent's entry frame")


def _syscall(frame: Frame, register: str) -> Evidence:
    if frame.origin is Origin.SYSCALL:
        if register == "cx":
            return _saved_by_syscall(frame, "ip", "cx")
        if register == "r11":
            return _saved_by_syscall(frame, "flags", "r11")
    if frame.origin is Origin.SYSCALL32 and register in _NOT_IN_32_BIT_CODE:
        return Evidence("not-in-32-bit-code", "32-bit code has no such register")
    if frame.syscall is None:
        return Evidence("syscall-register", "user value")
    carried = argument(register, syscall_arguments(frame.origin))
    if carried:
        return Evidence("syscall-argument", f"{carried} of the syscall, if it takes that many")
    return Evidence("syscall-kept", "user value, saved at entry")


_NOT_IN_32_BIT_CODE = tuple(f"r{number}" for number in range(8, 16))


def _saved_by_syscall(frame: Frame, saved: str, register: str) -> Evidence:
    """SYSCALL puts rip into rcx and rflags into r11; FRED and whoever rewrites a frame do not."""
    if frame.delivery is Delivery.FRED:
        return Evidence("fred-keeps", "user value: with FRED, SYSCALL does not change it")
    if frame.registers[register] == frame.registers[saved]:
        full = f"r{register.removeprefix('r')}"
        return Evidence(
            "syscall-saves", f"user {saved}, which the SYSCALL instruction puts in {full}"
        )
    text = f"not user {saved}: the frame was rewritten (sigreturn, signal delivery or a tracer)"
    return Evidence("syscall-frame-rewritten", text)
