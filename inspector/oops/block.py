# SPDX-License-Identifier: LGPL-2.1-or-later
"""The registers as __show_regs() prints them, arch/x86/kernel/process_64.c."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from inspector.model.oops import Shape
from inspector.model.registers import REGISTER_NAMES
from inspector.oops.headlines import Headline
from inspector.oops.lines import Line
from inspector.oops.raw import RawFrame
from inspector.oops.trace import TraceEntry

_RIP = re.compile(r"\s*RIP: ([0-9a-f]{4}):(.*)")
_OLD_RIP = re.compile(r"\[<[0-9a-f]+>\]\s*")  # up to 4.9, the address twice and then the symbol
_ADDRESS = re.compile(r"(?:0x|\[<)([0-9a-f]{1,16})")
_RSP = re.compile(r"\s*RSP: ([0-9a-f]{4}):([0-9a-f]{16})\s+EFLAGS: ([0-9a-f]{8})(.*)")
_ORIG = re.compile(r"ORIG_RAX: ([0-9a-f]{16})")
_ROW = re.compile(r"\s*(?:RAX|RDX|RBP|R10|R13): ")
_PAIR = re.compile(r"\b(R[A-D]X|R[SD]I|RBP|R\d\d): ([0-9a-f]{16})\b")
_CODE = re.compile(r"\s*Code: (.*)")
_BYTES = re.compile(r"[0-9a-f]{2}(?: [0-9a-f]{2})*")
_MARK = re.compile(r"<([0-9a-f]{2})>")

_GENERAL = tuple(
    name for name in REGISTER_NAMES if name not in ("orig_ax", "ip", "cs", "flags", "sp", "ss")
)


@dataclass(slots=True)
class Block:
    """One block while its lines come in."""

    line: int
    headline: Headline | None
    entered: TraceEntry | None
    under: Headline | None
    beginning: bool
    summary: bool
    place: str = ""
    registers: dict[str, int] = field(default_factory=dict)
    code: tuple[bytes, bytes] | None = None

    def takes(self, line: Line) -> bool:
        """Take what ``line`` says of this frame; False if it says nothing, or says it again."""
        if found := _CODE.match(line.text):
            if self.code is None:
                self.code = _code(found[1])
            return True
        if found := _RSP.match(line.text):
            return self._take_stack(found)
        if _ROW.match(line.text):
            pairs = {_name(name): int(value, 16) for name, value in _PAIR.findall(line.text)}
            return self._take(pairs)
        return False

    def _take_stack(self, found: re.Match[str]) -> bool:
        told = {"ss": int(found[1], 16), "sp": int(found[2], 16), "flags": int(found[3], 16)}
        if orig := _ORIG.search(found[4]):
            told["orig_ax"] = int(orig[1], 16)
        return self._take(told)

    def _take(self, told: dict[str, int]) -> bool:
        if not told.keys().isdisjoint(self.registers):
            return False
        self.registers.update(told)
        return True

    def closed(self) -> RawFrame:
        """The frame that the lines made."""
        general = any(name in self.registers for name in _GENERAL)
        return RawFrame(
            self.line,
            Shape.REGISTERS if general else Shape.RETURN_WORDS,
            dict(self.registers),
            self.place,
            self.code,
            self.headline,
            self.entered,
            self.under,
            self.beginning,
            self.summary,
        )


def begins_block(text: str) -> tuple[int, str, int | None] | None:
    """cs, the place as the text has it, and ip where it has the number; None for other lines."""
    found = _RIP.match(text)
    if found is None:
        return None
    place = found[2].strip()
    address = _ADDRESS.match(place)
    return int(found[1], 16), _OLD_RIP.sub("", place), int(address[1], 16) if address else None


def is_middle_of_block(text: str) -> bool:
    """Whether the line belongs to a block that may have lost its beginning."""
    return bool(_RSP.match(text) or _ROW.match(text))


def _name(printed: str) -> str:
    name = printed.lower()
    return f"r{int(name[1:])}" if name[1:].isdigit() else name[1:]


def _code(text: str) -> tuple[bytes, bytes] | None:
    """:returns: None for "Unable to access opcode bytes" and the like"""
    mark = _MARK.search(text)
    if mark is None:
        return None
    before, behind = text[: mark.start()].strip(), text[mark.end() :].strip()
    first = _BYTES.search(before)
    last = _BYTES.match(behind)
    return (
        bytes.fromhex(first[0]) if first else b"",
        bytes.fromhex(mark[1] + (last[0] if last else "")),
    )
