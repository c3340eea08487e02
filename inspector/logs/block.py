# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers in a block of lines: __show_regs(), crash's ``bt``, SystemTap's ``print_regs()``.

arch/x86/kernel/process_64.c and dumpstack.c print ``RIP: 0010:``; crash and SystemTap print no
selector there, and end with ``ORIG_RAX: …  CS: …  SS: …`` and with CR2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inspector.logs.eras import Era
from inspector.logs.headlines import Headline
from inspector.logs.lines import Line
from inspector.logs.trace import TaskLine, TraceEntry, traced_origin
from inspector.model.oops import FrameShape

_RIP = re.compile(r"RIP: ([0-9a-f]{4}):(.*)")
_BARE_RIP = re.compile(
    r"RIP: ([0-9a-f]{8,16})\s*(?:RSP: ([0-9a-f]{8,16})\s+RFLAGS: ([0-9a-f]+))?\s*$"
)
_OLD_ADDRESS = re.compile(r"\[<([0-9a-f]+)>\]\s*")
_OLD_BRACES = re.compile(r"<[0-9a-f]+>\{(?::(\w+):)?([\w.$]+)\+(\d+)\}")
_OLD_MODULE = re.compile(r":(\w+):")
_ADDRESS = re.compile(r"0x([0-9a-f]{1,16})\b")
_FUNCTION = re.compile(
    r"(?P<symbol>[A-Za-z_.$][\w.$]*)(?:\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?| (?=[(\w]))"
    r"(?:.*?\[(?P<module>[\w-]+)[^\]]*\]|.*\)\s+(?P<last>\w+)\s*$)?"
)
_INLINED = re.compile(r"\[inline\]\s*$")
_RSP = re.compile(r"RSP: ([0-9a-f]{4}):([0-9a-f]{8,16})")
_BARE_RSP = re.compile(r"RSP: ([0-9a-f]{16})\s+EFLAGS: ([0-9a-f]{8})")
_FLAGS = re.compile(r"(?:E|R)FLAGS: ([0-9a-f]{8})\b")
_ORIG = re.compile(r"ORIG_RAX: ([0-9a-f]{16})")
_SEGMENTS = re.compile(r"\bCS: ([0-9a-f]{4})\s+SS: ([0-9a-f]{4})")
_PAIR = re.compile(r"\b(R[A-D]X|R[SD]I|RBP|R0?[89]|R1[0-5]): ([0-9a-f]{16})\b")
_CR2 = re.compile(r"CR2: ([0-9a-f]{16}) CR3: ")
_BYTES = re.compile(r"[0-9a-f]{2}(?: [0-9a-f]{2})*")
_MARK = re.compile(r"<([0-9a-f]{2})>")
_ROW_STARTS = (
    frozenset(f"{name}:" for name in ("RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP"))
    | frozenset(f"R{number:02}:" for number in range(8, 16))
    | {"R8: ", "R9: "}
)
_NAMES = (
    {name.upper(): name.lower()[1:] for name in ("RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP")}
    | {f"R{number:02}": f"r{number}" for number in range(8, 16)}
    | {"R8": "r8", "R9": "r9"}
)

GENERAL = frozenset(_NAMES.values())
"""The registers of the rows."""

Code = tuple[bytes, bytes]


@dataclass(slots=True)
class RawFrame:
    """A frame as printed, before anything is concluded.

    :ivar registers: as unsigned words
    :ivar place: what stands after ``RIP:``, without the selector and without addresses
    :ivar function: the name in it, or ""
    :ivar module: its module, or ""
    :ivar code: the bytes of the ``Code:`` line before ip, and those from ip on
    :ivar headline: that it is the first frame after
    :ivar under: the last headline before it, whatever lies between
    :ivar entered: the entry of a call trace just before it
    :ivar caller: the sure entry before that one: what the entry code called
    :ivar below: the entry code that the trace printed under it leads through to its very ip
    :ivar stack: the mark of the stack that the trace is on, such as ``NMI``; or ""
    :ivar cut: whether the text says that lines are left out just before it
    :ivar beginning: whether the ``RIP:`` line is there
    :ivar old: whether that line has addresses in brackets
    :ivar summary: whether it stands behind the "end trace" line
    :ivar guessed: registers whose value may be hexadecimal as well as decimal
    :ivar address: where the frame lies, if the text tells
    :ivar cr2: of the CPU, as the block has it
    :ivar mixed: registers of which two CPUs print a value at once
    :ivar reader: what printed it: kernel, crash, systemtap, mce, …
    :ivar user: the mode, where the kind of line tells it
    :ivar inlined: whether the ``RIP:`` line names a function that is inlined there
    :ivar stubs: whether a stub that saves all registers is on the trace (entry_64.S up to 4.5)
    :ivar inside: whether a trace has begun before it
    :ivar double_fault: whether the trace under it begins in the double fault's entry
    """

    line: int
    shape: FrameShape
    registers: dict[str, int] = field(default_factory=dict)
    place: str = ""
    function: str = ""
    module: str = ""
    code: Code | None = None
    headline: Headline | None = None
    under: Headline | None = None
    entered: TraceEntry | None = None
    caller: str | None = None
    below: TraceEntry | None = None
    stack: str = ""
    cut: bool = False
    beginning: bool = True
    old: bool = False
    summary: bool = False
    guessed: tuple[str, ...] = ()
    address: int | None = None
    cr2: int | None = None
    mixed: set[str] = field(default_factory=set)
    reader: str = "kernel"
    user: bool | None = None
    inlined: bool = False
    stubs: bool = False
    inside: bool = False
    double_fault: bool = False


class RegisterBlock:
    """One frame while its lines come in."""

    def __init__(self, raw: RawFrame) -> None:
        self.raw = raw
        self.last = raw.line  # the last line of the text that said something of it
        self.coded = False  # its Code: line has come

    def takes(self, line: Line, text: str) -> bool:
        """Add what ``line`` says about this frame; False if nothing new.

        :param text: of the line, without blanks before it
        """
        start = text[:4]
        if start in _ROW_STARTS:
            told = {_NAMES[name]: int(value, 16) for name, value in _PAIR.findall(text)}
            return self._take(told, line)
        if start == "RSP:":
            return self._take(_stack_words(text), line)
        if start == "ORIG":
            return self._take_orig(text, line)
        if start == "EFLA":
            told = _flags(text)
            return self._take(told, line) if told else False
        if start == "CR2:":
            return self._take_cr2(text)
        return False

    def _take(self, told: Mapping[str, int], line: Line) -> bool:
        if not told.keys().isdisjoint(self.raw.registers):
            return False
        self.raw.registers.update(told)
        self.last = line.number
        return True

    def _take_orig(self, text: str, line: Line) -> bool:
        told: dict[str, int] = {}
        if found := _ORIG.match(text):
            told["orig_ax"] = int(found[1], 16)
        if found := _SEGMENTS.search(text):  # crash ends a frame so
            told |= {"cs": int(found[1], 16), "ss": int(found[2], 16)}
        return self._take(told, line)

    def _take_cr2(self, text: str) -> bool:
        found = _CR2.match(text)
        if found is None or self.raw.cr2 is not None:
            return False
        self.raw.cr2 = int(found[1], 16)
        return True

    @property
    def rows(self) -> bool:
        """Whether a row of registers has come."""
        return not GENERAL.isdisjoint(self.raw.registers)

    @property
    def complete(self) -> bool:
        """Whether all that such a block has is there."""
        return self.raw.registers.keys() >= GENERAL and "sp" in self.raw.registers

    def lacks(self, told: Mapping[str, int]) -> bool:
        """Whether none of these registers has come yet."""
        return told.keys().isdisjoint(self.raw.registers)

    def give_code(self, code: Code | None, earlier: RegisterBlock | None) -> None:
        """Right behind RIP; a second one is another CPU's, and then neither has an owner.

        :param earlier: the block that this one cut off
        """
        if earlier is not None and earlier.raw.code is None and self.raw.code is not None:
            self.raw.code = None
            self.coded = True
        elif not self.coded:
            self.raw.code, self.coded = code, code is not None and earlier is None

    def closed(self) -> RawFrame:
        """The frame that the lines made."""
        if not self.rows:
            self.raw.shape = FrameShape.RETURN_WORDS
        for name in self.raw.mixed:
            self.raw.registers.pop(name, None)
        return self.raw


def row(text: str) -> dict[str, int]:
    """The registers that a line of a block tells; empty for other lines."""
    text = text.lstrip()
    if text[:4] in _ROW_STARTS:
        return {_NAMES[name]: int(value, 16) for name, value in _PAIR.findall(text)}
    return _stack_words(text) if text[:4] == "RSP:" else {}


def begins_block(line: Line, text: str) -> RawFrame | None:
    """The frame that a ``RIP:`` line begins, None for other lines.

    :param text: of the line, without blanks before it
    """
    found = _RIP.match(text)
    if found is None:
        return _bare(line, text)
    raw = RawFrame(line.number, FrameShape.REGISTERS, {"cs": int(found[1], 16)})
    name_place(raw, found[2].strip())
    return raw


def name_place(raw: RawFrame, place: str) -> None:
    """Take what stands behind ``RIP: 0010:``."""
    raw.inlined = bool(_INLINED.search(place))
    if old := _OLD_ADDRESS.match(place):
        raw.old = True
        raw.registers["ip"] = int(old[1], 16)
        place = _OLD_ADDRESS.sub("", place)
    if braces := _OLD_BRACES.search(place):
        raw.old = True
        raw.module = braces[1] or ""
        place = f"{braces[2]}+{int(braces[3]):#x}"
    elif found := _OLD_MODULE.match(place):
        raw.module, place = found[1], place[found.end() :]
    raw.place = place
    if address := _ADDRESS.match(place):
        raw.registers["ip"] = int(address[1], 16)
        return
    function = _FUNCTION.match(place)
    if function is not None:
        raw.function = function["symbol"]
        raw.module = function["module"] or function["last"] or raw.module
        if raw.module == "inline":
            raw.module = ""


def _bare(line: Line, text: str) -> RawFrame | None:
    """crash's and SystemTap's, which print no selector."""
    found = _BARE_RIP.match(text)
    if found is None:
        return None
    raw = RawFrame(line.number, FrameShape.REGISTERS, {"ip": int(found[1], 16)})
    raw.reader = "systemtap"
    if found[2]:
        raw.reader = "crash"
        raw.registers |= {"sp": int(found[2], 16), "flags": int(found[3], 16)}
    return raw


def is_middle_of_block(text: str) -> bool:
    """Whether the line belongs to a block whose beginning may be lost."""
    text = text.lstrip()
    return (text[:4] in _ROW_STARTS and bool(_PAIR.match(text))) or bool(_RSP.match(text))


def _stack_words(text: str) -> dict[str, int]:
    if bare := _BARE_RSP.match(text):
        return {"sp": int(bare[1], 16), "flags": int(bare[2], 16)}
    found = _RSP.match(text)
    if found is None:
        return {}
    return {"ss": int(found[1], 16), "sp": int(found[2], 16)} | _flags(text)


def _flags(text: str) -> dict[str, int]:
    told: dict[str, int] = {}
    if found := _FLAGS.search(text):
        told["flags"] = int(found[1], 16)
    if found := _ORIG.search(text):
        told["orig_ax"] = int(found[1], 16)
    return told


def code_of(text: str) -> Code | None:
    """The bytes of a ``Code:`` line; None for "Unable to access opcode bytes" and the like."""
    mark = _MARK.search(text)
    if mark is None:
        return None
    before, behind = text[5 : mark.start()].strip(), text[mark.end() :].strip()
    first = _BYTES.search(before)
    last = _BYTES.match(behind)
    return (
        bytes.fromhex(first[0]) if first and before.endswith(first[0]) else b"",
        bytes.fromhex(mark[1] + (last[0] if last else "")),
    )


# How the lines of a block begin, and those of the CPU's state at the time of printing.
_NUMBERED = (*(f"R{number:02}:" for number in range(8, 16)), "R8: ", "R9: ")
_NAMED = ("RIP:", "RSP:", "RAX:", "RBX:", "RCX:", "RDX:", "RSI:", "RDI:", "RBP:")
REGISTER_LINES = frozenset((*_NAMED, *_NUMBERED, "ORIG", "EFLA", "CR2:"))
OF_THE_CPU = frozenset(("FS: ", "PKRU", "DR0:", "DR3:"))
# What stands behind a trace, or has lost the block that it belongs to.
SUMMARY_LINE = re.compile(r"\s*(?:RIP: \S+\+0x|CR2: |ORIG_RAX: [0-9a-f]{16}\s*$|EFLAGS: )")

_MOST_NOTED = 64  # lines of a report's traces


@dataclass(slots=True)
class RawReport:
    """What was printed for one thing that happened.

    :ivar headlines: in their order, the first of which began it
    :ivar modules: of the trace, from the innermost on, without those that only may be on it
    """

    line: int
    headlines: list[Headline] = field(default_factory=list)
    frames: list[RawFrame] = field(default_factory=list)
    task: TaskLine | None = None
    access: tuple[str, str] | None = None
    modules: list[tuple[int, str, str]] = field(default_factory=list)
    functions: list[tuple[int, str]] = field(default_factory=list)
    last: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say of it."""
        return not self.headlines and not self.frames

    def note(self, entry: TraceEntry) -> None:
        """Take a sure line of the report's traces."""
        if entry.module and len(self.modules) < _MOST_NOTED:
            self.modules.append((entry.number, entry.module, entry.symbol))
        if len(self.functions) < _MOST_NOTED:
            self.functions.append((entry.number, entry.symbol))
        self.last = entry.number

    def see_below(self, before: TraceEntry | None, entry: TraceEntry) -> None:
        """Whether a trace under a block leads through ``before`` to the very place of that block.

        :param before: the line of the trace before ``entry``, which is the place
        """
        if before is None or not self.frames:
            return
        raw = self.frames[-1]
        leads = before.number > raw.line and entry.place == raw.place.partition("/")[0]
        if leads and raw.below is None and traced_origin(before.symbol) is not None:
            raw.below = before

    def see_double_fault(self) -> None:
        """The trace of the only frame begins on the stack of #DF."""
        if len(self.frames) == 1:
            self.frames[0].double_fault = True

    def give_code(self, code: Code) -> None:
        """Up to 4.17 ``Code:`` ends the whole report: it is that of the frame printed first."""
        for raw in self.frames:
            if not raw.inside and not raw.summary and raw.reader == "kernel":
                if raw.code is None and not raw.registers.get("cs", 3) & 3:
                    raw.code = code
                return


class Log:
    """Facts of the whole text besides its reports, filled while reading."""

    def __init__(self) -> None:
        self.era = Era()
        self.foreign: dict[str, int] = {}  # whose registers → the first line

    def saw_release(self, release: str) -> None:
        """Take the name of the kernel; the first that a text names is its."""
        if self.era.release is None:
            self.era.release = release
