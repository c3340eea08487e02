# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values in the field's own terms, and which register carries which argument."""

from __future__ import annotations

from inspector.facts.errno import errno_name
from inspector.model.access import Pointer, PointsTo
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, as_int64

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
    """The argument registers of a syscall that came that way."""
    if origin in (Origin.SYSCALL32, Origin.INT80):
        return SYSCALL32_ARGUMENTS
    return SYSCALL64_ARGUMENTS


def argument(register: str, order: tuple[str, ...]) -> str:
    """``third argument``, or "" for a register that carries none."""
    return f"{_ORDINALS[order.index(register)]} argument" if register in order else ""


def by_crash_setup_regs(frame: Frame) -> bool:
    """Whether ``crash_setup_regs()`` (asm/kexec.h) filled ``frame``, and did not copy another.

    It never writes orig_ax.
    """
    return frame.origin is Origin.CRASH_NOTE and "orig_ax" in frame.absent


# Values in the field's own terms.

# arch/x86/include/uapi/asm/processor-flags.h
_FLAGS = {
    0: "CF",
    2: "PF",
    4: "AF",
    6: "ZF",
    7: "SF",
    8: "TF",
    9: "IF",
    10: "DF",
    11: "OF",
    14: "NT",
    16: "RF",
    17: "VM",
    18: "AC",
    19: "VIF",
    20: "VIP",
    21: "ID",
}

# arch/x86/include/asm/segment.h
_CODE_SEGMENTS = {0x10: "kernel code", 0x33: "user 64-bit code", 0x23: "user 32-bit code"}
_DATA_SEGMENTS = {0x18: "kernel data", 0x2B: "user data", 0: "null"}


def decoded(frame: Frame, register: str, pointer: Pointer | None) -> str:
    """What ``register`` holds, or "" where the number says it all."""
    value = frame.registers[register]
    if register in frame.absent:
        return frame.absent[register].why.value.replace("-", " ")
    if register == "orig_ax":
        return _orig_ax(frame)
    if register == "flags":
        return flag_names(value)
    if register == "cs":
        return _CODE_SEGMENTS.get(frame.registers.cs_selector, "")
    if register == "ss":
        return _DATA_SEGMENTS.get(frame.registers.ss_selector, "")
    if register == "ax" and (name := errno_name(value)):
        # A result may be an errno; the live rax of interrupted code is just a number.
        return f"{as_int64(value)} {name}" if _holds_result(frame) else str(as_int64(value))
    return _pointer(pointer) if pointer else ""


def _holds_result(frame: Frame) -> bool:
    return frame.origin.is_syscall or frame.origin in _RESULTS


_RESULTS = (Origin.EXEC, Origin.FORK_CHILD, Origin.KRETPROBE)


def flag_names(flags: int) -> str:
    """``IF ZF PF``: the set bits, highest first."""
    names = [name for bit, name in _FLAGS.items() if flags >> bit & 1]
    iopl = flags >> 12 & 3
    return " ".join([*([f"IOPL{iopl}"] if iopl else []), *reversed(names)])


def _orig_ax(frame: Frame) -> str:
    if frame.syscall is not None:
        name = frame.syscall.name or frame.syscall.handler or "(no name known)"
        return f"{frame.syscall.nr} {name}"
    value = as_int64(frame.registers.orig_ax)
    return str(value) if -4096 < value < 0x10000 else ""


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
