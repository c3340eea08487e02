# SPDX-License-Identifier: LGPL-2.1-or-later
"""Why a register of a frame holds its value, by the frame's origin."""

from __future__ import annotations

from collections.abc import Callable

from inspector.explain.values import (
    C_ARGUMENTS,
    CALLEE_SAVED,
    UNKNOWN,
    argument,
    ax,
    by_crash_setup_regs,
    orig_ax,
    syscall_arguments,
)
from inspector.facts.cpu import FAULTS, FLAGS_IF
from inspector.facts.uapi import is_handler
from inspector.model.access import Context, InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import REGISTER_OFFSETS

# Why the registers of a frame of user mode hold what they hold.

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
        return _entry_ip(frame, context)
    if frame.origin is Origin.FORK_CHILD:
        return _fork_child(register)
    if register in _USER_STATE:
        return _USER_STATE[register]
    if frame.origin is Origin.EXEC:
        return Evidence("exec-cleared", "cleared for the new program")
    if frame.origin.is_syscall:
        return _syscall(frame, register)
    return Evidence("user-live", "user value")


def _entry_ip(frame: Frame, context: Context) -> Evidence:
    if frame.origin is Origin.EXEC:
        return Evidence("exec-ip", "entry point of the new program, or of its interpreter")
    if frame.origin is Origin.FORK_CHILD:
        return Evidence("fork-child-ip", "just past the syscall that made the child")
    if frame.origin is Origin.INT3:
        return _user_int3_ip(frame, context)
    if _by_instruction(frame) and not frame.origin.is_syscall:
        return Evidence("user-software-ip", "just past the user instruction that raised this")
    if frame.vector in FAULTS and not frame.origin.is_syscall:
        text = "the user instruction that faulted, unless a signal was delivered since"
        return Evidence("user-fault-ip", text)
    return _USER_STATE["ip"]


def _user_int3_ip(frame: Frame, context: Context) -> Evidence:
    instruction = context.instruction
    if _by_instruction(frame) or (instruction and instruction.moment is InstructionPlace.BEFORE):
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


# Why the registers of a frame that interrupted the kernel hold what they hold.

_FTRACE = (Origin.FTRACE, Origin.FTRACE_ARGS)
_INTERRUPTS = (Origin.NMI, Origin.IRQ, Origin.SYSVEC)
_STACK_LEVEL = 3 << 16  # struct fred_cs, asm/ptrace.h


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


def _ip(frame: Frame) -> Evidence:
    if frame.origin in _SPECIAL_IP:
        return _SPECIAL_IP[frame.origin](frame)
    if frame.origin in _INTERRUPTS:
        return Evidence("interrupted-ip", "the next instruction of the interrupted code")
    if frame.vector in FAULTS:
        return Evidence("fault-ip", "the instruction that faulted")
    return Evidence("trap-ip", "where the kernel was")


def _int3_ip(frame: Frame) -> Evidence:
    if any(stated.rule in ("kprobe", "int3-byte") for stated in frame.evidence):
        return Evidence("int3-ip", "one byte past the int3")
    return Evidence("int3-resume-ip", "where the kernel continues after the int3")


def _step_ip(frame: Frame) -> Evidence:
    if any(stated.rule == "instruction-slot" for stated in frame.evidence):
        return Evidence("int3-step-ip", "in the instruction slot, past the copied instruction")
    return Evidence("int3-stepped-ip", "just past the instruction that was single-stepped")


def _optprobe_ip(_frame: Frame) -> Evidence:
    return Evidence("optprobe-ip", "one byte past the probed address, as after an int3")


def _crash_note_ip(frame: Frame) -> Evidence:
    if by_crash_setup_regs(frame):
        return Evidence("crash-note-ip", "a label in the code that saved the registers")
    return Evidence("crash-note-copied-ip", "where the CPU was interrupted")


def _ftrace_ip(frame: Frame) -> Evidence:
    # kprobe_ftrace_handler(), arch/x86/kernel/kprobes/ftrace.c
    if frame.kprobe is not None and frame.registers.ip == frame.kprobe.address + 1:
        text = "one byte into the call to ftrace, where a kprobe's handler expects it"
        return Evidence("ftrace-kprobe-ip", text)
    return Evidence("ftrace-ip", "in the function's call to ftrace, or just past it")


def _kretprobe_ip(frame: Frame) -> Evidence:
    # Since 5.16 (commit df91c5bccb0c) handlers see the real return address there.
    symbol = frame.interrupted.symbol if frame.interrupted else ""
    if symbol.endswith("trampoline"):
        return Evidence("kretprobe-ip", "the trampoline that the function returned to")
    return Evidence("kretprobe-return-ip", "where the function would have returned to")


_SPECIAL_IP: dict[Origin, Callable[[Frame], Evidence]] = {
    Origin.FTRACE: _ftrace_ip,
    Origin.FTRACE_ARGS: _ftrace_ip,
    Origin.INT3: _int3_ip,
    Origin.INT3_STEP: _step_ip,
    Origin.OPTPROBE: _optprobe_ip,
    Origin.KRETPROBE: _kretprobe_ip,
    Origin.CRASH_NOTE: _crash_note_ip,
}


def _sp(frame: Frame) -> Evidence:
    if frame.origin in _FTRACE:
        return Evidence("ftrace-sp", "as the function was entered: its return address lies there")
    if frame.origin is Origin.KRETPROBE:
        return Evidence("returned-sp", "the stack pointer at the function's return")
    if by_crash_setup_regs(frame):
        return Evidence("crash-note-sp", "the stack pointer when the kernel saved this")
    return Evidence("interrupted-sp", "the stack pointer of the interrupted code")


def _cs(frame: Frame) -> Evidence:
    cs = frame.registers.cs
    # A 16-bit member since 6.9, set by optimized_callback(), arch/x86/kernel/kprobes/opt.c.
    if frame.origin is Origin.OPTPROBE and cs != frame.registers.cs_selector:
        text = "kernel mode: only the low 16 bits were written, the rest is left over"
        return Evidence("optprobe-cs", text)
    if frame.delivery is Delivery.FRED and cs & _STACK_LEVEL:
        text = f"kernel mode, at stack level {(cs & _STACK_LEVEL) >> 16} when it was interrupted"
        return Evidence("fred-cs", text)
    return Evidence("kernel-cs", "kernel mode")


def _ss(frame: Frame) -> Evidence:
    if frame.registers.ss_selector == 0:
        text = "null: the CPU loads it when an interrupt or exception switches stacks"
        return Evidence("null-ss", text)
    return Evidence("kernel-ss", "kernel data segment")


def _flags(frame: Frame) -> Evidence:
    state = "on" if frame.registers.flags & FLAGS_IF else "off"
    return Evidence("kernel-flags", f"interrupts were {state}")


def _returned(register: str) -> Evidence:
    if register in CALLEE_SAVED:
        return Evidence("returned-callee-saved", "the caller's value: a C function restores it")
    if register == "dx":
        text = "the upper half of a 128-bit return value, else left over from the function"
        return Evidence("returned-dx", text)
    return Evidence("returned-left-over", "left over from the function that returned")


def _argument(frame: Frame, register: str, context: Context) -> Evidence | None:
    if not context.at_entry:
        return None
    symbol = frame.interrupted.symbol if frame.interrupted else ""
    if is_handler(symbol):  # asm/syscall_wrapper.h
        if register != "di":
            return None
        return Evidence("handler-argument", "the only argument of a syscall's handler")
    carried = argument(register, C_ARGUMENTS)
    if not carried:
        return None
    return Evidence("function-argument", f"{carried} of the function, if it takes that many")


def _live(frame: Frame) -> Evidence:
    if frame.origin in _FTRACE:
        return Evidence("call-live", "live value as the function was called")
    if by_crash_setup_regs(frame):
        return Evidence("crash-note-live", "live value when the kernel saved this")
    return Evidence("interrupted-live", "live value of the interrupted code")


# Why a register of a frame holds its value, by the frame's origin.
#
# One short statement for a register and an origin; ``explain`` and ``diff`` share them.


def phrase(frame: Frame, register: str, context: Context) -> Evidence:
    """Why ``register`` of ``frame`` holds its value.

    Its address is that of the register's word; None where the frame lies there no more.
    """
    stated = _stated(frame, register, context)
    there = frame.found_in is not FoundIn.RECORD and frame.address
    at = frame.address + REGISTER_OFFSETS[register] if there else None
    return Evidence(stated.rule, stated.text, at)


def _stated(frame: Frame, register: str, context: Context) -> Evidence:
    if register in frame.absent:
        return frame.absent[register].stated
    if register == "orig_ax":
        return orig_ax(frame, context)
    if register == "ax":
        return ax(frame)
    if frame.origin is Origin.UNKNOWN:
        return UNKNOWN
    if frame.user_mode:
        return entry_register(frame, register, context)
    return kernel_register(frame, register, context)
