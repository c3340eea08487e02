# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the lines of a log to its reports: what happened, where, and the frames."""

from __future__ import annotations

import re
from dataclasses import replace

from inspector.facts.entry_points import DOUBLE_FAULT
from inspector.logs.block import (
    OF_THE_CPU,
    REGISTER_LINES,
    SUMMARY_LINE,
    Log,
    RawFrame,
    RawReport,
    RegisterBlock,
    begins_block,
    code_of,
    is_middle_of_block,
    row,
)
from inspector.logs.eras import CODE_BEHIND_RIP
from inspector.logs.headlines import (
    Headline,
    Part,
    begin_at_once,
    goes_on,
    headline,
    of_both,
    together,
)
from inspector.logs.lines import Line
from inspector.logs.single_lines import (
    Foreign,
    Printed,
    foreign,
    frame_line,
    may_print,
    printed_registers,
)
from inspector.logs.trace import (
    TraceEntry,
    begins_trace,
    crash_entry,
    is_of_trace,
    release_in,
    stack_mark,
    task_line,
    trace_entry,
    traced_origin,
)
from inspector.model.oops import FrameShape

_END = re.compile(r"---\[ end (?:trace|Kernel panic)")
_CUT_HERE = re.compile(r"-{4,}\[ cut here \]-{4,}")
_PF_CODE = re.compile(r"#PF: error_code\(0x([0-9a-f]+)\)")
_PF_WHAT = re.compile(r"#PF: (supervisor|user) (read|write|instruction fetch|\w+) access")
_CRASH_RIP = re.compile(r"\s*\[exception RIP: (?P<symbol>[\w.$]+)(?P<offset>\+\d+)?\]")
_CRASH_FRAME = re.compile(r"\s*(?:KERNEL-MODE|USER-MODE) EXCEPTION FRAME AT:? (?:0x)?([0-9a-f]+)")
_MAY_BE_TRACE = re.compile(r"[+\[<]| \(")
_ABOUT_ALL = ("CPU", "Pid", "PID", "Linux version", "Modules linked in")
_LEFT_OUT = re.compile(r"\[?\s*(?:\[?\.\.\.|<?snip|\[snip)", re.IGNORECASE)
_NEAR = 40  # lines after which the two halves of a block no longer belong together
_NEAR_ENTRY = 12  # lines between a trace's entry and the frame that it made
_FOREIGN_REACH = 80  # lines over which registers of somebody else go on


class Stream:
    """The lines of one caller; reports come out as they end."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._report: RawReport | None = None
        self.done: list[RawReport] = []
        self._block: RegisterBlock | None = None
        self._earlier: RegisterBlock | None = None  # cut off by another block, and perhaps not over
        self._printed: Printed | None = None
        self._headline: Headline | None = None  # still waits for its frame
        self._under: Headline | None = None
        self._entry: TraceEntry | None = None  # the last line, if it is a sure one of a trace
        self._caller: str | None = None
        self._guessed: TraceEntry | None = None  # the last entry, sure or not
        self._mark = ""
        self._traced = False  # a trace has begun since the headline
        self._cut = False
        self._stubs = False
        self._ended = False  # behind an "end trace" line, and before what comes next
        self._foreign_until = 0
        self._exception_rip: re.Match[str] | None = None
        self._at: int | None = None
        self.last = 0

    @property
    def beginning(self) -> int | None:
        """The line of the report that is not over, None where there is none."""
        return self._report.line if self._report else None

    def finished(self) -> list[RawReport]:
        """The reports that are over, and no longer this stream's: :attr:`done`, emptied."""
        done, self.done = self.done, []
        return done

    def end(self) -> None:
        """No line comes any more, or none for so long that the report is over."""
        self._close()
        self._finish()

    def take(self, line: Line) -> None:
        """Take the next line."""
        self.last = line.number
        text = line.text
        bare = text.lstrip()
        start = bare[:4]
        if not start:
            return
        if start in OF_THE_CPU:
            return
        if start == "Code":
            self._take_code(line)
        elif start in REGISTER_LINES:
            if not self._take_registers(line, bare):
                self._take_words(line)
        elif not (_MAY_BE_TRACE.search(text) and self._take_trace(line)):
            self._take_words(line)

    # Registers

    def _take_registers(self, line: Line, bare: str) -> bool:
        begun = begins_block(line, bare) if bare.startswith("RIP:") else None
        if begun is not None:
            self._begin_block(begun, line)
            return True
        if self._block is not None and line.number - self._block.last > _NEAR:
            self._close()
        if self._block is not None and (self._block.takes(line, bare) or self._give_to_two(line)):
            return True
        if is_middle_of_block(line.text):
            raw = RawFrame(line.number, FrameShape.REGISTERS, beginning=False)
            self._begin_block(raw, line).takes(line, bare)
            return True
        return bool(SUMMARY_LINE.match(line.text))

    def _give_to_two(self, line: Line) -> bool:
        """Two blocks are open, and both may own this line: neither gets it."""
        told, earlier, block = row(line.text), self._earlier, self._block
        if earlier is None or block is None or not told or not earlier.lacks(told):
            return False
        earlier.raw.registers.update(told)
        for each in (earlier, block):
            each.raw.mixed |= told.keys()
        return True

    def _begin_block(self, raw: RawFrame, line: Line) -> RegisterBlock:
        block = self._block
        if block is not None and block.raw.inlined and block.last + 3 > line.number:
            # A symbolizer prints RIP again for every function inlined there.
            block.raw.registers.update(raw.registers)
            block.raw.place, block.raw.function = raw.place, raw.function
            block.raw.module, block.raw.inlined = raw.module, raw.inlined
            block.last = line.number
            return block
        unfinished = (
            block is not None
            and block.raw.beginning
            and raw.beginning
            and not block.complete
            and line.number - block.last < _NEAR
            and self._entry is None
        )
        if not unfinished:
            self._close()
        report = self._current(line.number)
        raw.headline = self._waiting_headline()
        raw.under = self._under
        if self._entry is not None and line.number - self._entry.number < _NEAR_ENTRY:
            # Behind lines that are left out the last entry is not the one before the frame.
            raw.entered, raw.caller = (None, None) if self._cut else (self._entry, self._caller)
        raw.inside = self._traced or (self._entry is not None and raw.headline is None)
        raw.stack, raw.cut, raw.summary = self._mark, self._cut, self._ended
        raw.stubs = self._stubs
        if self._exception_rip is not None:
            found = self._exception_rip
            raw.function = found["symbol"]
            raw.place = raw.function + (f"+{int(found['offset']):#x}" if found["offset"] else "")
        raw.address, self._at = self._at, None
        if raw.beginning and raw.reader == "kernel":
            self._log.era.saw_rip(raw.old)
        self._earlier = block if unfinished else None
        self._block = RegisterBlock(raw)
        report.frames.append(raw)
        self._headline = self._entry = self._guessed = self._exception_rip = None
        self._caller = None
        self._cut = self._ended = self._stubs = False
        return self._block

    def _waiting_headline(self) -> Headline | None:
        return None if self._traced else self._headline

    def _take_code(self, line: Line) -> None:
        code = code_of(line.text)
        block = self._block
        if block is not None and not block.rows and "sp" not in block.raw.registers:
            block.give_code(code, self._earlier)
            block.last = line.number
            self._log.era.saw_code_behind_rip()
        elif code is not None and self._report and not self._log.era.has(CODE_BEHIND_RIP):
            self._report.give_code(code)

    # Traces

    def _take_trace(self, line: Line) -> bool:
        entry = trace_entry(line.number, line.text)
        if entry is None:
            entry = crash_entry(line.number, line.text)
            self._traced |= entry is not None
        if entry is not None:
            self._take_entry(entry)
            return True
        if (mark := stack_mark(line.text)) is not None:
            ends = line.text.lstrip().startswith("</")
            self._mark = "" if ends else mark
            if mark == "#DF" and self._report is not None:
                self._report.see_double_fault()
            return True
        if is_of_trace(line.text):
            return True
        if found := _CRASH_RIP.match(line.text):
            self._exception_rip = found
            return True
        return False

    def _take_entry(self, entry: TraceEntry) -> None:
        code = traced_origin(entry.symbol)
        if code is not None or entry.symbol[:3] in ("SyS", "__x"):
            self._log.era.saw_symbol(entry.symbol)
        self._stubs |= entry.symbol.startswith("stub_")
        report = self._report
        if report is not None:
            report.see_below(self._guessed, entry)
            if entry.symbol in DOUBLE_FAULT:
                report.see_double_fault()
        if self._block is not None and self._block.complete:
            self._close()
        if entry.sure:
            self._caller = self._entry.symbol if self._entry else None
            self._entry = entry
            if self._report is not None:
                self._report.note(entry)
        self._guessed = entry

    # Words

    def _take_words(self, line: Line) -> None:
        text = line.text
        said = headline(line.number, text)
        if said is not None:
            self._take_headline(said)
        elif text.startswith(_ABOUT_ALL) or "ainted" in text:
            self._entry = self._guessed = self._caller = None  # no trace goes on behind these
            if not self._take_task(line) and not text.startswith("Modules"):
                self._take_other(line)
        elif text.startswith("---"):
            self._take_rule(line)
        elif text.startswith("#PF"):
            self._take_page_fault(text)
        elif begins_trace(text):
            if self._block is None or self._block.rows:
                self._close()
            self._traced = True
            self._headline = None
            self._entry = self._guessed = self._caller = None
        elif _LEFT_OUT.match(text):
            self._cut = True
        else:
            self._take_other(line)

    def _take_rule(self, line: Line) -> None:
        """``---[ end trace … ]---`` or ``---[ cut here ]---``."""
        if _END.match(line.text):
            self._close()
            self._headline, self._entry, self._ended = None, None, True
        elif _CUT_HERE.match(line.text):
            self._close()
            self._finish()
            self._headline = self._under = self._entry = None

    def _take_other(self, line: Line) -> None:
        strange = foreign(line.text)
        if strange is not None:
            self._see_foreign(strange, line)
            return
        text = line.text
        if found := _CRASH_FRAME.match(text):
            self._at = int(found[1], 16)
            return
        single = frame_line(line)
        if single is not None:
            self._close()
            report = RawReport(line.number, frames=[single], last=line.number)
            if single.under is not None:
                report.headlines.append(single.under)
            elif self._under is not None:
                single.under = self._under
            self.done.append(report)
            return
        if line.number < self._foreign_until or not may_print(text):
            return
        near = self._printed is not None and line.number == self._printed.last + 1
        told, guessed = printed_registers(text, weak=near)
        if not told:
            return
        if self._printed is None or not self._printed.takes(line, told, guessed):
            self._close()
            self._printed = Printed(line, self._under)
            self._printed.takes(line, told, guessed)

    def _see_foreign(self, strange: Foreign, line: Line) -> None:
        self._log.foreign.setdefault(strange.name, line.number)
        self._foreign_until = line.number + _FOREIGN_REACH
        self._printed = None

    def _take_page_fault(self, text: str) -> None:
        if found := _PF_CODE.match(text):
            if self._headline is not None:
                self._replace(replace(self._headline, error_code=int(found[1], 16)))
        elif (found := _PF_WHAT.match(text)) and self._report is not None:
            self._report.access = (found[1], found[2])

    def _take_headline(self, said: Headline) -> None:
        waits = self._headline
        if said.part is Part.GOES_ON and waits is not None and goes_on(waits, said):
            self._replace(together(waits, said))
            if self._report is not None:
                self._report.headlines[-1:] = [together(waits, said)]
            return
        if begin_at_once(waits, said):
            said = of_both(waits, said)
        self._close_if_over()
        if said.part in (Part.BEGINS, Part.GOES_ON) and self._has_begun():
            self._finish()
        report = self._current(said.number)
        report.headlines.append(said)
        self._headline = self._under = said
        self._entry = self._caller = self._guessed = None
        self._ended = self._traced = self._cut = False
        self._mark = ""

    def _close_if_over(self) -> None:
        """Another CPU's line may stand inside a block: only what is whole is closed by it."""
        if self._block is None or self._block.complete or self._printed is not None:
            self._close()

    def _has_begun(self) -> bool:
        return self._report is not None and not self._report.empty

    def _replace(self, said: Headline) -> None:
        self._headline = self._under = said
        if self._report is not None and self._report.headlines:
            self._report.headlines[-1] = said

    def _take_task(self, line: Line) -> bool:
        task = task_line(line)
        if task is None:
            release = release_in(line.text)
            if release is not None:
                self._log.saw_release(release)
            return release is not None and line.text.startswith(("CPU", "Linux"))
        if task.crash:
            self._close()
            self._finish()
        if task.release:
            self._log.saw_release(task.release)
        report = self._current(line.number)
        report.task = report.task or task
        return True

    # The state

    def _current(self, number: int) -> RawReport:
        if self._report is None:
            self._report = RawReport(number)
        return self._report

    def _close(self) -> None:
        for block in (self._earlier, self._block):
            if block is not None:
                block.closed()
        if self._printed is not None and (raw := self._printed.closed()) is not None:
            self._current(raw.line).frames.append(raw)
        self._block = self._earlier = self._printed = None

    def _finish(self) -> None:
        self._close()
        if self._report is not None and not self._report.empty:
            self.done.append(self._report)
        self._report = None
