# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a frame of a log is, what its ORIG_RAX means, and what the text leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.model.oops import Shape
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS
from inspector.model.syscall import Syscall
from inspector.oops.raw import RawFrame
from inspector.oops.verdict import HAVE_ERROR_CODE, Told, orig_ax, user_mode

_TASK_TOP = 0xA8  # sizeof(struct pt_regs): the entry frame ends where the stack does, up to 6.1
_STACK_SIZES = (0x4000, 0x8000)
_HANDLERS = "In a handler: task_pt_regs(current)->orig_ax, or from a probe on __x64_sys_*:"
_HANDLER_LINE = f"{_HANDLERS} ((struct pt_regs *)regs->di)->orig_ax."


def story(
    raw: RawFrame, told: Told, syscall: Syscall | None, entry: tuple[int, Syscall] | None
) -> tuple[str, ...]:
    """Paragraphs, most wanted first.

    :param entry: line and number of the user frame that the same trace ends in
    """
    summary = (_SUMMARY,) if raw.summary else ()
    return (*summary, _what(raw, told), *_number(raw, told, syscall), *_entry(raw, entry))


# oops_end(), arch/x86/kernel/dumpstack.c: exec_summary_regs
_SUMMARY = (
    'The registers behind the "end trace" line are those of the first oops since boot, printed'
    " again: not of this one, where it is a later one."
)


def _what(raw: RawFrame, told: Told) -> str:
    mode = user_mode(raw)
    if mode is None:
        whose = "Registers that a printk names. The text has no cs, so that neither mode is certain"
    elif mode:
        whose = "A frame of user mode: what the task will go back to. It lies at the top of its"
        whose += " kernel stack, and is what task_pt_regs() gives"
    else:
        whose = "A frame of kernel mode: kernel code was interrupted, and goes on from here"
    if told.origin is not Origin.UNKNOWN:
        return f"{whose}."
    left = ", ".join(origin.value for origin in told.possible)
    return f"{whose}. The text leaves open what made it{f': {left}' if left else ''}."


def _number(raw: RawFrame, told: Told, syscall: Syscall | None) -> Iterator[str]:
    number, printed = orig_ax(raw), raw.shape is Shape.PRINTED
    if syscall is not None:
        yield f"ORIG_RAX is the number of the syscall it is in: {syscall}."
    elif number is None:
        yield "ORIG_RAX is not in the text, and cannot be concluded from it."
    elif number == -1:
        how = "ORIG_RAX is -1" if "orig_ax" in raw.registers else _LEFT_OUT
        yield f"{how}. {_minus_one(told)}"
    elif number == 0 and not user_mode(raw):
        yield from _zero(raw)
    elif told.vector is not None and number < 0:
        yield f"ORIG_RAX is {number}: the complement of the vector, {told.vector}. No syscall."
    elif printed:
        yield f"orig_ax is {number}."
    if told.vector is not None and told.vector not in HAVE_ERROR_CODE and _code_of_die(raw):
        yield _NO_CODE
    yield from _home(raw)


def _code_of_die(raw: RawFrame) -> bool:
    return raw.headline is not None and raw.headline.error_code is not None


_NO_CODE = (
    "The 0000 in the headline is a C argument of die(): the CPU pushes no error code for this"
    " exception, and nothing puts a 0 into the frame."
)
_LEFT_OUT = (
    "No ORIG_RAX is printed: __show_regs() leaves it out where it is -1 (since 4.10), so it is -1"
)


def _minus_one(told: Told) -> str:
    if told.origin is Origin.INT3:
        return "The int3 entry pushes -1: a breakpoint has no error code, and no syscall number."
    if told.origin is Origin.OPTPROBE:
        return "optimized_callback() sets -1: no syscall number."
    if told.origin is Origin.UNKNOWN:
        return "That is no syscall number, and no error code."
    return "Its entry code leaves -1: no syscall number; an error code is gone by then."


def _zero(raw: RawFrame) -> Iterator[str]:
    yield (
        'orig_ax 0 is neither a placeholder nor an error code. The popular answer, "int3 pushes 0'
        ' as a placeholder error code", is wrong: the int3 entry pushes -1. A kprobe on a'
        " function's first instruction does not trap at all where the kernel has"
        " CONFIG_KPROBES_ON_FTRACE: ftrace calls its handler, and ftrace_regs_caller stores 0"
        " (5.5 and later; up to 5.4 the slot is not written)."
    )
    ax = raw.registers.get("ax")
    if user_mode(raw) is None and ax is not None and ax < ANY_KERNEL_LOW:
        yield (
            "A read(2) has number 0 too: but then these would be the registers of a user frame,"
            " with a user's rax, a result or an error in ax."
        )


def _home(raw: RawFrame) -> Iterator[str]:
    """Whether ax is where an entry frame would lie: arithmetic, on a stack of the usual size."""
    ax = raw.registers.get("ax")
    if user_mode(raw) or ax is None or ax < ANY_KERNEL_LOW:
        return
    for size in _STACK_SIZES:
        if ax % size == size - _TASK_TOP:
            at = ax + REGISTER_OFFSETS["orig_ax"]
            yield (
                f"ax {ax:#x} is no garbage: it ends in {ax % size:#x}, which is {size:#x} -"
                f" {_TASK_TOP:#x}: numerically the address of a task's own entry frame on a"
                f" {size >> 10} KiB stack. The syscall number would lie at ax +"
                f" {REGISTER_OFFSETS['orig_ax']:#x} = {at:#x}. (Arithmetic: the text cannot"
                " prove it.)"
            )
            return


def _entry(raw: RawFrame, entry: tuple[int, Syscall] | None) -> Iterator[str]:
    if user_mode(raw):
        return
    if entry is not None:
        line, syscall = entry
        yield (
            f"The syscall number is in the user frame that this trace ends in, at line {line}:"
            f" {syscall}. {_HANDLER_LINE}"
        )
    elif raw.shape is Shape.PRINTED:
        yield f"The syscall number is in the task's entry frame, not in this one. {_HANDLER_LINE}"


def missing(raw: RawFrame) -> tuple[str, ...]:
    """What the text does not tell of the frame."""
    return tuple(_missing(raw))


def _missing(raw: RawFrame) -> Iterator[str]:
    yield from _by_shape(raw)
    if _symbolic("ip", raw) and "ip" not in raw.registers:
        yield "ip is printed by its symbol only."
    if raw.shape in (Shape.REGISTERS, Shape.RETURN_WORDS):
        yield (
            "Where the frame lies is not printed. FS, GS, CS, DS, ES and CR lines are the CPU's at"
            " the time of printing; the frame's own cs stands before RIP, its ss before RSP."
        )
    if raw.guessed:
        yield (
            f"Taken as decimal, and may be hexadecimal: {', '.join(raw.guessed)} (print with"
            " 0x%lx)."
        )
    for name in ("ip", "sp"):
        if raw.shape is Shape.PRINTED and 0 < raw.registers.get(name, 0) >> 12 < 1 << 20:
            yield f"{name} may be a hash, if it was printed with %p."


def _by_shape(raw: RawFrame) -> Iterator[str]:
    untold = [name for name in REGISTER_NAMES if name not in raw.registers]
    if raw.shape is Shape.RETURN_WORDS:
        yield (
            "Only the five words of an interrupt's return are printed (show_iret_regs()): the"
            " frame was not whole where the unwinder met it, or the text is cut."
        )
    elif raw.shape is Shape.TRAP_LINE:
        yield "The line tells ip, sp and the error code; no other register, orig_ax least of all."
    elif raw.shape is Shape.PRINTED:
        yield f"Not printed: {', '.join(untold)}."
    else:
        if not raw.beginning:
            yield "The RIP line is missing: the text is cut, or another CPU printed between."
        rest = [name for name in untold if name != "orig_ax" and not _symbolic(name, raw)]
        if rest:
            yield f"Missing, though __show_regs() prints them: {', '.join(rest)}."


def _symbolic(name: str, raw: RawFrame) -> bool:
    return name == "ip" and bool(raw.place)
