# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the lines of one caller to the frames that they tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from inspector.oops.block import Block, begins_block, is_middle_of_block
from inspector.oops.headlines import Headline, headline
from inspector.oops.lines import Line
from inspector.oops.printed import Printed, printed_registers
from inspector.oops.raw import RawFrame
from inspector.oops.trace import TraceEntry, trace_entry
from inspector.oops.trap_line import trap_line

_END = re.compile(r"---\[ end (?:trace|Kernel panic)")
_PF_CODE = re.compile(r"#PF: error_code\(0x([0-9a-f]+)\)")
# Between the first half of a headline and its Oops line, which may carry the code.
_OOPS_CODE = re.compile(r"Oops:.* ([0-9a-f]{4}) \[#")


class Reader:
    """Takes lines; :meth:`frames` ends it."""

    def __init__(self) -> None:
        self._found: list[RawFrame] = []
        self._block: Block | None = None
        self._printed: Printed | None = None
        self._headline: Headline | None = None  # still waits for its frame
        self._under: Headline | None = None
        self._entry: TraceEntry | None = None
        self._ended = False  # behind an "end trace" line, and before what comes next

    def frames(self, lines: Iterable[Line]) -> list[RawFrame]:
        """What all of ``lines`` tell."""
        for line in lines:
            self._take(line)
        self._close()
        return self._found

    def _take(self, line: Line) -> None:
        if self._take_registers(line) or self._take_headline(line):
            return
        entry = trace_entry(line.number, line.text)
        if entry is not None:
            self._close()
            self._headline = None  # a trace has begun: what comes next is further out
            self._entry = entry if entry.sure else None
            return
        if _END.match(line.text):
            self._close()
            self._headline, self._entry, self._ended = None, None, True
            return
        self._take_other(line)

    def _take_registers(self, line: Line) -> bool:
        begun = begins_block(line.text)
        if begun is not None:
            cs, place, ip = begun
            block = self._begin(line, beginning=True)
            block.place = place
            block.registers["cs"] = cs
            if ip is not None:
                block.registers["ip"] = ip
            return True
        if self._block is not None and self._block.takes(line):
            return True
        if is_middle_of_block(line.text):
            self._begin(line, beginning=False).takes(line)
            return True
        return False

    def _begin(self, line: Line, beginning: bool) -> Block:
        self._close()
        block = Block(line.number, self._headline, self._entry, self._under, beginning, self._ended)
        self._block, self._headline, self._entry, self._ended = block, None, None, False
        return block

    def _take_headline(self, line: Line) -> bool:
        said = headline(line.number, line.text)
        if said is None:
            return False
        code = _OOPS_CODE.match(line.text)
        waits = self._headline
        if waits is not None and waits.origins and (not said.origins or code):
            # The second line of the same thing: "BUG: unable to handle…", then "Oops: 0002 [#1]".
            error = int(code[1], 16) if code else said.error_code
            if waits.origins == said.origins or not said.origins:
                self._headline = self._under = replace(waits, error_code=error)
                return True
        self._close()
        self._headline = self._under = said
        self._entry, self._ended = None, False
        return True

    def _take_other(self, line: Line) -> None:
        if self._headline is not None and (code := _PF_CODE.match(line.text)):
            self._headline = replace(self._headline, error_code=int(code[1], 16))
            return
        trapped = trap_line(line)
        if trapped is not None:
            self._close()
            self._found.append(trapped)
            return
        told, guessed = printed_registers(line.text)
        if not told:
            return
        if self._printed is None or not self._printed.takes(line, told, guessed):
            self._close()
            self._printed = Printed(line, self._under)
            self._printed.takes(line, told, guessed)

    def _close(self) -> None:
        for open_one in (self._block, self._printed):
            if open_one is not None:
                self._found.append(open_one.closed())
        self._block = self._printed = None
