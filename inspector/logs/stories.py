# SPDX-License-Identifier: LGPL-2.1-or-later
"""The story of a log's frame: its kind, the meaning of ORIG_RAX, and what the text leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from inspector.facts.cpu import HAVE_ERROR_CODE
from inspector.logs.block import GENERAL, RawFrame
from inspector.logs.eras import NO_ADDRESSES, WRAPPERS, Era
from inspector.logs.told import KERNEL_HALF, Told, orig_ax, user_mode
from inspector.model.evidence import Evidence
from inspector.model.frame import Syscall
from inspector.model.oops import FrameShape
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS

_TASK_TOP = 0xA8  # sizeof(struct pt_regs): the entry frame ends where the stack does, up to 6.1
_STACK_SIZES = (0x4000, 0x8000)
# Taken on a stack of their own; whether a frame of user mode is then moved differs by era.
_OWN_STACK = frozenset({Origin.NMI, Origin.DEBUG, Origin.MACHINE_CHECK, Origin.DOUBLE_FAULT})


def story(
    raw: RawFrame, told: Told, syscall: Syscall | None, entry: tuple[int, Syscall] | None, era: Era
) -> tuple[Evidence, ...]:
    """Statements, most wanted first.

    :param entry: line and number of the user frame that the same trace ends in
    """
    return (
        *_summary(raw),
        _what(raw, told),
        *_number(raw, told, syscall, era),
        *_entry(raw, entry, era),
    )


def _summary(raw: RawFrame) -> Iterator[Evidence]:
    if raw.summary:  # oops_end(), arch/x86/kernel/dumpstack.c: exec_summary_regs
        yield Evidence(
            "log-first-oops-again",
            'The registers behind the "end trace" line are those of the first oops since boot,'
            " printed again: not of this one, where it is a later one.",
        )


def _what(raw: RawFrame, told: Told) -> Evidence:
    mode = user_mode(raw)
    if told.origin is Origin.WORKER:
        return Evidence(
            "log-worker-frame",
            "The task was never in user space and never goes there: it is a worker that the "
            "kernel created for a user's task, and this is a copy of its creator's entry frame.",
        )
    if raw.reader == "mce":
        text = "What the machine check's handler noted of its frame"
        return Evidence("log-machine-check-frame", f"{text}.{_left_open(told)}")
    if mode is None:
        text = "Registers named in the text. There is no cs, so the mode is unknown"
        return Evidence("log-mode-untold", f"{text}.{_left_open(told)}")
    if not mode:
        text = "A frame of kernel mode"
        if told.origin.is_trap:
            text += ": the CPU was in the kernel's code there, and pushed its last five words"
        return Evidence("log-kernel-frame", f"{text}.{_left_open(told)}")
    text = "A frame of user mode: the state that the task returns to"
    if not _OWN_STACK & {told.origin, *told.possible}:
        text += ". It lies at the top of its kernel stack, and is what task_pt_regs() gives"
    return Evidence("log-user-frame", f"{text}.{_left_open(told)}")


def _left_open(told: Told) -> str:
    if told.origin is not Origin.UNKNOWN:
        return ""
    left = ", ".join(origin.value for origin in told.possible)
    return f" The text leaves open what made it{f': {left}' if left else ''}."


def _number(raw: RawFrame, told: Told, syscall: Syscall | None, era: Era) -> Iterator[Evidence]:
    number, printed = orig_ax(raw, era), raw.shape is FrameShape.PRINTED
    if told.origin is Origin.WORKER:
        if number is not None:
            text = f"ORIG_RAX is {number}, copied from its creator: this task is in no syscall."
            yield Evidence("log-orig-ax-copied", text)
        return
    if syscall is not None:
        calls = "the syscall that it is in" if told.origin.is_syscall else "the call that made it"
        yield Evidence("log-orig-ax-syscall", f"ORIG_RAX is the number of {calls}: {syscall}.")
    elif number is None:
        yield _untold(raw)
    elif number == -1:
        how = "ORIG_RAX is -1" if "orig_ax" in raw.registers else _LEFT_OUT
        yield Evidence("log-orig-ax-minus-one", f"{how}. {_minus_one(told)}")
    elif number == 0 and not user_mode(raw):
        yield from _zero(raw, told)
    elif told.vector is not None and number == ~told.vector:
        name = era.vector_name(told.vector)
        text = f"ORIG_RAX is {number}: the complement of the vector, {told.vector:#x}"
        yield Evidence("log-orig-ax-vector", f"{text}{f' ({name})' if name else ''}. No syscall.")
    elif printed:
        yield Evidence("log-orig-ax-printed", f"orig_ax is {number}.")
    if told.vector is not None and told.vector not in HAVE_ERROR_CODE and _code_of_die(raw):
        yield Evidence(
            "log-die-argument",
            "The 0000 in the headline is a C argument of die(): the CPU pushes no error code for"
            " this exception, and nothing puts a 0 into the frame.",
        )
    yield from _home(raw)


def _untold(raw: RawFrame) -> Evidence:
    if "orig_ax" in raw.mixed:
        text = "ORIG_RAX: two CPUs print at once, and the text does not tell whose it is."
    elif raw.old:
        text = f"ORIG_RAX is not in the text: kernels before {_since(NO_ADDRESSES.since)} never"
        text += " print it, and nothing follows from that."
    else:
        text = "ORIG_RAX is not in the text and cannot be derived from it."
    return Evidence("log-orig-ax-untold", text)


def _since(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _code_of_die(raw: RawFrame) -> bool:
    return raw.headline is not None and raw.headline.error_code is not None


_LEFT_OUT = (
    "No ORIG_RAX is printed: __show_regs() leaves it out where it is -1 (since 4.10), so it is -1"
)


def _minus_one(told: Told) -> str:
    if told.origin is Origin.INT3:
        return "The int3 entry pushes -1: a breakpoint has no error code, and no syscall number."
    if told.origin is Origin.OPTPROBE:
        return "optimized_callback() sets -1: no syscall number."
    if told.origin is Origin.UNKNOWN or told.origin.is_syscall:
        return "That is no syscall number, and no error code."
    return "Its entry code leaves -1: no syscall number; an error code is gone by then."


def _zero(raw: RawFrame, told: Told) -> Iterator[Evidence]:
    if told.origin.is_trap:
        if told.vector in HAVE_ERROR_CODE or told.vector is None:
            text = "ORIG_RAX is 0: the error code, which the entry has not replaced by -1."
            yield Evidence("log-orig-ax-error-code", text)
        else:
            text = (
                "ORIG_RAX is 0: a dummy. Before trap_init() early_idt_handler_array pushes 0 where"
                " the CPU pushes no error code, and it stays in the frame."
            )
            yield Evidence("log-orig-ax-early-dummy", text)
        return
    if set(told.possible) & {Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION}:
        text = (
            "ORIG_RAX is 0: no syscall is in progress in a frame of kernel mode. An exception's"
            " error code stands there until its entry puts -1 in its place; int3, an optimised"
            " kprobe and a kretprobe leave -1."
        )
        if Origin.FTRACE in told.possible:
            text += " ftrace_regs_caller stores 0 (since 5.5)."
        yield Evidence("log-orig-ax-zero", text)
        return
    yield Evidence(
        "log-orig-ax-zero-no-placeholder",
        'orig_ax 0 is neither a placeholder nor an error code. The popular answer, "int3 pushes 0'
        ' as a placeholder error code", is wrong: the int3 entry pushes -1. A kprobe on a'
        " function's first instruction does not trap at all where the kernel has"
        " CONFIG_KPROBES_ON_FTRACE: ftrace calls its handler, and ftrace_regs_caller stores 0"
        " (5.5 and later; up to 5.4 the slot is not written).",
    )
    ax = raw.registers.get("ax")
    if user_mode(raw) is None and ax is not None and ax < KERNEL_HALF:
        yield Evidence(
            "log-orig-ax-read",
            "A read(2) has number 0 too: but then these would be the registers of a user frame,"
            " with a user's rax, a result or an error in ax.",
        )


def _home(raw: RawFrame) -> Iterator[Evidence]:
    """Whether ax is where an entry frame would lie: arithmetic, on a stack of the usual size."""
    ax = raw.registers.get("ax")
    if raw.shape is not FrameShape.PRINTED or user_mode(raw) or ax is None or ax < KERNEL_HALF:
        return
    for size in _STACK_SIZES:
        if ax % size == size - _TASK_TOP:
            at = ax + REGISTER_OFFSETS["orig_ax"]
            yield Evidence(
                "log-ax-entry-frame",
                f"ax {ax:#x} is not garbage: it ends in {ax % size:#x}, which is {size:#x} -"
                f" {_TASK_TOP:#x}: numerically the address of a task's own entry frame on a"
                f" {size >> 10} KiB stack. The syscall number would lie at ax +"
                f" {REGISTER_OFFSETS['orig_ax']:#x} = {at:#x}. (Arithmetic: the text cannot"
                " prove it.)",
                at,
            )
            return


def _entry(raw: RawFrame, entry: tuple[int, Syscall] | None, era: Era) -> Iterator[Evidence]:
    if user_mode(raw):
        return
    if entry is not None:
        line, syscall = entry
        yield Evidence(
            "log-entry-frame",
            f"The syscall number is in the user frame that this trace ends in, at line {line}:"
            f" {syscall}.",
        )
    elif raw.reader == "print" and "orig_ax" in raw.registers:
        yield Evidence(
            "log-handler-advice",
            "The syscall number is in the task's entry frame, not in this one. In a handler:"
            f" task_pt_regs(current)->orig_ax{_wrapper(era)}.",
        )


def _wrapper(era: Era) -> str:
    has = era.has(WRAPPERS)
    if has is False:
        return ""
    since = f" ({_since(WRAPPERS.since)} and later)" if has is None else ""
    probe = f", or from a probe on __x64_sys_*{since}"
    return f"{probe}: ((struct pt_regs *)regs->di)->orig_ax"


def missing(raw: RawFrame) -> tuple[Evidence, ...]:
    """The facts that the text leaves out about the frame."""
    return tuple(_missing(raw))


def _missing(raw: RawFrame) -> Iterator[Evidence]:
    yield from _by_shape(raw)
    if raw.place and "ip" not in raw.registers:
        yield Evidence("log-ip-symbolic", "ip is printed by its symbol only.")
    if raw.reader == "kernel" and raw.shape in (FrameShape.REGISTERS, FrameShape.RETURN_WORDS):
        yield Evidence(
            "log-address-untold",
            "Where the frame lies is not printed. FS, GS, CS, DS, ES and CR lines are the CPU's at"
            " the time of printing; the frame's own cs stands before RIP, its ss before RSP.",
        )
    if raw.mixed:
        names = ", ".join(name for name in REGISTER_NAMES if name in raw.mixed)
        text = f"Two CPUs print at once, and the text does not tell whose these are: {names}."
        yield Evidence("log-mixed-lines", text)
    if raw.guessed:
        text = "Taken as decimal, and may be hexadecimal: "
        yield Evidence("log-base-guessed", f"{text}{', '.join(raw.guessed)} (print with 0x%lx).")
    for name in ("ip", "sp"):
        if raw.reader == "print" and 0 < raw.registers.get(name, 0) >> 12 < 1 << 20:
            yield Evidence("log-may-be-hashed", f"{name} may be a hash, if it was printed with %p.")


def _by_shape(raw: RawFrame) -> Iterator[Evidence]:
    untold = [name for name in REGISTER_NAMES if name not in raw.registers]
    if raw.shape is FrameShape.RETURN_WORDS:
        yield Evidence(
            "log-return-words-only",
            "Only the five words of an interrupt's return are printed (show_iret_regs()): the"
            " frame was not whole where the unwinder met it, or the text is cut.",
        )
    elif raw.shape is FrameShape.TRAP_LINE:
        text = "The line has ip, sp and the error code, and no other register, such as orig_ax."
        yield Evidence("log-trap-line-only", text)
    elif raw.shape is FrameShape.PRINTED:
        if untold:
            yield Evidence("log-not-printed", f"Not printed: {', '.join(untold)}.")
    else:
        yield from _of_block(raw, untold)


def _of_block(raw: RawFrame, untold: list[str]) -> Iterator[Evidence]:
    if not raw.beginning:
        text = "The RIP line is missing: the text is cut, or another CPU printed between."
        yield Evidence("log-rip-missing", text)
    rest = [name for name in untold if name != "orig_ax" and not (name == "ip" and raw.place)]
    if raw.reader == "systemtap":
        rest = [name for name in rest if name in GENERAL]
    rest = [name for name in rest if name not in raw.mixed]
    if rest:
        text = f"Missing, though such a block prints them: {', '.join(rest)}."
        yield Evidence("log-registers-missing", text)
