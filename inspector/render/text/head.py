# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines that answers share: target, task, death, frames, evidence, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from inspector.model.evidence import Evidence, Missing, grouped
from inspector.model.frame import Frame
from inspector.model.machine import Crash, KernelIdentity, TargetIdentity
from inspector.model.task import Running, Task
from inspector.render.text.screen import Screen
from inspector.render.text.style import LABEL, NOTICE, STRONG, Glyphs, glyphs_of
from inspector.render.words import hex_word, interrupted, safe, short_word

if TYPE_CHECKING:
    from rich.console import RenderResult

    from inspector.model.access import FaultingAccess


def target_line(target: TargetIdentity, kernel: KernelIdentity, glyphs: Glyphs) -> Text:
    """Target, format, kernel, and where its types come from."""
    name = f"{target.kind} {safe(target.path)}" if target.path else target.kind
    if target.format:
        name += f" ({safe(target.format)})"
    parts = (name, f"Linux {safe(kernel.release)} {kernel.arch}", f"{kernel.types.upper()} types")
    return joined([Text(part, LABEL) for part in parts], glyphs)


def task_line(task: Task, glyphs: Glyphs) -> Text:
    """Name, pid, CPU and the address of its ``task_struct``."""
    where = "on cpu" if task.running is Running.ON_CPU else "last on cpu"
    pid = f"pid {task.pid}" if task.pid == task.tgid else f"pid {task.pid} of {task.tgid}"
    parts = (f"{where} {task.cpu}", f"task_struct {task.address:#x}")
    name = Text(f"{safe(task.comm)}, {pid}", STRONG)
    return joined([name, *(Text(part) for part in parts)], glyphs)


def joined(parts: list[Text], glyphs: Glyphs) -> Text:
    """The parts with a dot between them."""
    return Text(f" {glyphs.dot} ", LABEL).join(parts)


def crash_lines(crash: Crash) -> Iterator[Text]:
    """The frame that killed, and each oops that the kernel survived; nothing if nothing crashed."""
    for label, text in crash_rows(crash):
        line = Text(f"{label}  ", LABEL, no_wrap=True, overflow="ignore")
        yield line.append(text, f"default {STRONG}")


def crash_rows(crash: Crash) -> Iterator[tuple[str, str]]:
    """What killed the kernel and each oops that it survived, as labels and texts."""
    if crash.killed_by is not None:
        yield "killed by", safe(crash.killed_by.line)
    for oops in crash.survived:
        yield "survived", safe(f"oops {oops.number}: {oops.text}")


_INDENT = (0, 0, 0, 2)


@dataclass(frozen=True, slots=True)
class MissingLines:
    """What should have been in an answer and is not: a line a cause; nothing when it is whole.

    On a verbose screen a line for each thing that is missing.
    """

    missing: Sequence[Missing]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.missing:
            return
        yield Text()
        yield Text(f"Not read ({len(self.missing)}):", f"{STRONG} {NOTICE}")
        each = isinstance(console, Screen) and console.verbose
        for line in missing_texts(self.missing, each=each):
            yield Padding(Text(line, overflow="fold"), _INDENT)


def missing_texts(missing: Sequence[Missing], *, each: bool = False) -> tuple[str, ...]:
    """One line a cause, or one a thing that is missing; safe for a terminal.

    :param each: whether to tell all of them
    """
    texts = map(str, missing) if each else (group.text for group in grouped(missing))
    return tuple(map(safe, texts))


def evidence_table(evidence: Sequence[Evidence], glyphs: Glyphs) -> Table:
    """Evidence, one observation a row: where to look, and what stood there."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    table.add_column(width=18, no_wrap=True)
    table.add_column(overflow="fold")
    for item in evidence:
        address = Text(glyphs.none, LABEL)
        if item.address is not None:
            address = Text(hex_word(item.address))
        text = Text(safe(item.text)).append(f"  [{safe(item.rule)}]", LABEL)
        table.add_row(address, text)
    return table


def access_lines(access: FaultingAccess, glyphs: Glyphs) -> RenderResult:
    """The access in one line, then its evidence."""
    first, *rest = access.statements
    yield Text(safe(first.text), STRONG)
    if rest:
        yield Padding(evidence_table(rest, glyphs), (0, 0, 0, 2))


@dataclass(frozen=True, slots=True)
class GreetingText:
    """Which target was opened, and who panicked there.

    :ivar panicked: the task that did, or None
    :ivar tasks: how many there are
    """

    target: TargetIdentity
    kernel: KernelIdentity
    panicked: Task | None
    tasks: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        yield target_line(self.target, self.kernel, glyphs)
        count = Text(f"{self.tasks} tasks")
        if self.panicked is not None:
            count.append("; panicked: ").append(task_line(self.panicked, glyphs))
        yield count


def frame_lines(frames: Sequence[Frame], glyphs: Glyphs) -> Table:
    """A line a frame: address, origin, what it interrupted or asked for, orig_ax and ax."""
    table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    table.add_column(width=18, no_wrap=True)
    table.add_column(overflow="fold")
    for frame in frames:
        table.add_row(Text(hex_word(frame.address)), joined(list(_parts(frame)), glyphs))
    return table


def _parts(frame: Frame) -> Iterator[Text]:
    yield Text(frame.origin.value, STRONG)
    if frame.syscall is not None and frame.syscall.name:
        yield Text(safe(frame.syscall.name))
    elif place := interrupted(frame):
        yield Text(place)
    for name in ("orig_ax", "ax"):
        yield Text(f"{name} {short_word(frame, name)}")


@dataclass(frozen=True, slots=True)
class SelectionText:
    """The selected task, its frames, and which of them is selected.

    :ivar frames: of the task, innermost first
    :ivar at: the index of the selected one, or None for the task as a whole
    """

    task: Task | None
    frames: tuple[Frame, ...]
    at: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_of(options)
        if self.task is not None:
            yield task_line(self.task, glyphs)
        if not self.frames:
            yield Padding(Text("no frame lies on its stack", LABEL), _INDENT)
        lines = Table.grid(padding=(0, 1, 0, 0))
        for index, frame in enumerate(self.frames):
            mark = glyphs.mark if index == self.at else " "
            lines.add_row(Text(mark, STRONG), frame_lines([frame], glyphs))
        yield lines
