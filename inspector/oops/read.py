# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a text to the frames that it tells, explained."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from inspector.explain.decode import decoded
from inspector.explain.phrases import phrase
from inspector.facts.addresses import ANY_KERNEL_LOW, USER_HIGH, is_canonical
from inspector.kernel.syscall_names import names
from inspector.model.absent import Absent, Why
from inspector.model.context import Context, Pointer, PointsTo
from inspector.model.frame import FoundIn, Frame
from inspector.model.oops import LogReport, Shape, ToldFrame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, Registers, as_int32
from inspector.model.report import RegisterMeaning
from inspector.model.syscall import X32_SYSCALL_BIT, Abi, Syscall
from inspector.oops.lines import lines_of, streams_of
from inspector.oops.opcodes import instruction_of
from inspector.oops.raw import RawFrame
from inspector.oops.reader import Reader
from inspector.oops.stories import missing, story
from inspector.oops.verdict import HAVE_ERROR_CODE, Told, orig_ax, user_mode, verdict

_RELEASE = re.compile(
    r"(?:CPU: \d+ .*|Linux version )(?<![\w.])(\d+\.\d+(?:\.\d+)?[-+.\w~]*)(?: #\d| \()"
)
_USER32_CS = 0x23  # __USER32_CS, asm/segment.h
_ORDER = ("orig_ax", "ax", *(n for n in REGISTER_NAMES if n not in ("orig_ax", "ax")))


def read_log(text: str, source: str) -> LogReport:
    """Every frame of ``text``, in its order.

    :param source: how to call it
    """
    lines = lines_of(text)
    found: list[list[RawFrame]] = [Reader().frames(stream) for stream in streams_of(lines)]
    notes = []
    if any(_is_empty(raw) for stream in found for raw in stream):
        notes.append(
            "A block of zeros is no frame: it is the top of a kernel thread's stack, which"
            " nothing ever entered from user mode."
        )
    told = [frame for stream in found for frame in _explained(stream)]
    release = next((m[1] for line in lines if (m := _RELEASE.search(line.text))), None)
    return LogReport(source, release, tuple(sorted(told, key=_line)), tuple(notes))


def _line(frame: ToldFrame) -> int:
    return frame.line


def _is_empty(raw: RawFrame) -> bool:
    words = [raw.registers.get(name) for name in ("cs", "sp", "flags")]
    return raw.shape is not Shape.PRINTED and words == [0, 0, 0]


def _explained(raws: Sequence[RawFrame]) -> list[ToldFrame]:
    kept = [raw for raw in raws if not _is_empty(raw)]
    verdicts = [verdict(raw) for raw in kept]
    return [
        _frame(raw, told, _entry_behind(kept, verdicts, index), _repeated(kept, index))
        for index, (raw, told) in enumerate(zip(kept, verdicts, strict=True))
    ]


def _entry_behind(
    raws: Sequence[RawFrame], verdicts: Sequence[Told], index: int
) -> tuple[int, Syscall] | None:
    """The user frame further out on the same stack."""
    for raw, told in zip(raws[index + 1 :], verdicts[index + 1 :], strict=True):
        if raw.headline is not None or raw.entered is None:
            return None  # of something else, or not at the end of a trace
        if user_mode(raw):
            syscall = _syscall(raw, told.origin)
            return (raw.line, syscall) if syscall else None
    return None


def _repeated(raws: Sequence[RawFrame], index: int) -> int | None:
    """The frame of the same text that a summary prints again."""
    this = raws[index]
    if not this.summary:
        return None
    for earlier in raws[:index]:
        if earlier.registers == this.registers and earlier.place == this.place:
            return earlier.line
    return None


def _frame(
    raw: RawFrame, told: Told, entry: tuple[int, Syscall] | None, repeats: int | None
) -> ToldFrame:
    syscall = _syscall(raw, told.origin)
    said = raw.headline or raw.under
    bits = 32 if raw.registers.get("cs") == _USER32_CS else 64
    return ToldFrame(
        line=raw.line,
        shape=raw.shape,
        headline=said.text if said else "",
        origin=told.origin,
        possible=told.possible,
        user_mode=user_mode(raw),
        registers=raw.registers,
        place=raw.place,
        syscall=syscall,
        vector=told.vector,
        error_code=_error_code(raw, told),
        instruction=instruction_of(raw.code, told.origin, bits) if raw.code else None,
        story=story(raw, told, syscall, entry),
        meanings=_meanings(raw, told, syscall),
        missing=missing(raw),
        evidence=told.evidence,
        repeats=repeats,
    )


def _error_code(raw: RawFrame, told: Told) -> int | None:
    """What die() prints is its C argument: 0 where the exception pushes no code."""
    if raw.headline is None or told.vector not in HAVE_ERROR_CODE:
        return None
    return raw.headline.error_code


def _syscall(raw: RawFrame, origin: Origin) -> Syscall | None:
    """The call that a user frame's orig_ax names, where its table is known."""
    number = orig_ax(raw)
    if number is None or not (origin.is_syscall or origin in (Origin.FORK_CHILD, Origin.EXEC)):
        return None
    nr = as_int32(number % (1 << 64))
    if nr < 0:
        return None
    compat = origin in (Origin.SYSCALL32, Origin.INT80) or raw.registers.get("cs") == _USER32_CS
    abi = Abi.IA32 if compat else Abi.X32 if nr & X32_SYSCALL_BIT else Abi.X86_64
    nr &= ~X32_SYSCALL_BIT if abi is Abi.X32 else -1
    return Syscall(nr, abi, names(abi).get(nr), None)


def _meanings(raw: RawFrame, told: Told, syscall: Syscall | None) -> tuple[RegisterMeaning, ...]:
    """The same phrases as of a frame in a dump, for what is told."""
    registers = dict(raw.registers)
    number = orig_ax(raw)
    if number is not None:
        registers["orig_ax"] = number % (1 << 64)
    frame = _as_frame(registers, bool(user_mode(raw)), told, syscall)
    context = Context()
    return tuple(
        RegisterMeaning(
            name,
            decoded(frame, name, _pointer(frame.registers[name])),
            None if told.origin is Origin.UNKNOWN else phrase(frame, name, context),
        )
        for name in _ORDER
        if name in registers
    )


def _as_frame(
    registers: Mapping[str, int], user: bool, told: Told, syscall: Syscall | None
) -> Frame:
    untold = {name: Absent(Why.NOT_APPLICABLE) for name in REGISTER_NAMES if name not in registers}
    return Frame(
        address=0,
        origin=told.origin,
        user_mode=user,
        stack=None,
        found_in=FoundIn.NOTE,
        cpu=None,
        task=None,
        registers=Registers(*(registers.get(name, 0) for name in REGISTER_NAMES)),
        evidence=told.evidence,
        absent=untold,
        syscall=syscall,
        vector=told.vector,
    )


def _pointer(value: int) -> Pointer:
    if not is_canonical(value, 5):
        return Pointer(PointsTo.NOT_CANONICAL)
    if value >= ANY_KERNEL_LOW and -value % (1 << 64) > 1 << 32:
        return Pointer(PointsTo.KERNEL)
    return Pointer(PointsTo.USER if 1 << 16 <= value < USER_HIGH[4] else PointsTo.NUMBER)
