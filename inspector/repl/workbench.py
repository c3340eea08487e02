# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state of a session: what is open, what is selected, and how registers are shown."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TextIO

import drgn
from drgn.cli import default_globals

import inspector
from inspector.commands.completion import Names, SortedNames
from inspector.commands.session import Session
from inspector.errors import NothingMatched, UsageError
from inspector.model.frame import Frame
from inspector.model.task import Address, Task
from inspector.target.spec import TargetKind, TargetSpec

if TYPE_CHECKING:
    from inspector.queries.source import Source
    from inspector.target.target import Target


@dataclass(frozen=True, slots=True)
class Selection:
    """A task, and perhaps one of its frames.

    :ivar frames: those on the task's stack, innermost first
    :ivar at: the index of the selected one, or None if the task as a whole is selected
    """

    task: Task | None = None
    frames: tuple[Frame, ...] = ()
    at: int | None = None

    @property
    def frame(self) -> Frame | None:
        return None if self.at is None else self.frames[self.at]

    @property
    def what(self) -> Address | None:
        """The SELECTOR that names it."""
        if self.frame is not None:
            return Address(self.frame.address)
        return None if self.task is None else Address(self.task.address)

    def moved(self, step: int) -> Selection:
        """The selection ``step`` frames further out; from the task as a whole, its innermost.

        :raises UsageError: if no task is selected
        :raises NothingMatched: if there is no further frame
        """
        if self.task is None:
            raise UsageError("no task is selected; use select PID")
        at = self.at + step if self.at is not None else 0
        if not self.frames:
            raise NothingMatched("no frame lies on the stack of the selected task")
        if at < 0:
            raise NothingMatched("this is the innermost frame")
        if at >= len(self.frames):
            raise NothingMatched("this is the outermost frame")
        return replace(self, at=at)


NOTHING_OPEN = "no target is open: open PATH, or open --demo"


@dataclass(frozen=True, slots=True)
class Opened:
    """What is open, and how to open it again.

    :ivar first: the first question to it
    """

    spec: TargetSpec
    first: Source
    held: ExitStack

    @property
    def target(self) -> Target | None:
        """None for a file of records, which has no memory."""
        return self.first.target


@dataclass(frozen=True, slots=True)
class View:
    """How registers are shown, by the names of the options that say so."""

    decimal: bool = False
    show_all: bool = False

    def defaults(self) -> dict[str, bool]:
        """Default values of options."""
        return {"decimal": self.decimal, "show_all": self.show_all}


class Workbench:
    """The state of a session; only this thread touches the target.

    :ivar python_names: the names that Python code sees
    :ivar last_answer: the last command that answered, for showing it again
    :ivar learned: whether the names of functions were taken
    :ivar status: of the last line
    """

    def __init__(self, session: Session) -> None:
        self.base = session
        self.opened: Opened | None = None
        self.selection = Selection()
        self.view = View()
        self.names = Names()
        self.python_names: dict[str, Any] = {}
        self.last_answer: str | None = None
        self.learned = False
        self.status = 0
        self.vi_mode = False

    @property
    def is_live(self) -> bool:
        """Whether what is open can change while it is looked at."""
        return self.opened is not None and not self.opened.first.is_dump

    def open(self, spec: TargetSpec) -> None:
        """Open ``spec`` in place of what was open; on a dump select the task that it is about.

        :raises TargetError: if it cannot be opened; what was open stays
        """
        from inspector.queries.opening import open_source

        held = ExitStack()
        source = held.enter_context(open_source(spec))
        if self.opened is not None:
            self.opened.held.close()
        self.opened = Opened(spec, source, held)
        self.names = Names(tuple(source.tasks()))
        self.learned = False
        self.selection = Selection()
        self.python_names.clear()
        task = source.default_task() if source.is_dump else None
        if task is not None:
            self.select(Selection(task, source.frames_of(task)))

    def learn_functions(self) -> None:
        """Take the snapshot of names that is too long to be waited for while opening, once."""
        if self.learned:
            return
        self.learned = True
        if self.opened is not None and self.opened.target is not None:
            functions = SortedNames(self.opened.target.symbols.functions())
            self.names = replace(self.names, functions=functions)

    def reopen(self) -> None:
        """Read everything anew; the selected task stays selected if it is still there.

        :raises UsageError: if nothing is open
        """
        if self.opened is None:
            raise UsageError(NOTHING_OPEN)
        spec, selected = self.opened.spec, self.selection.task
        if spec.kind is TargetKind.QEMU:
            self._open_in_turn(spec)
        else:
            self.open(spec)
        again = next((t for t in self.names.tasks if _same(t, selected)), None)
        if again is not None:
            self.select(Selection(again, self.source().frames_of(again)))

    def _open_in_turn(self, spec: TargetSpec) -> None:
        """Close what is open first: QEMU's monitor serves one client at a time."""
        self._let_go()
        try:
            self.open(spec)
        except KeyboardInterrupt:  # the guest is not to be lost by it
            self._let_go()
            self.open(spec)
            raise

    def _let_go(self) -> None:
        if self.opened is not None:
            self.opened.held.close()
        self.opened = None
        self.python_names.clear()
        gc.collect()  # the connection ends with the last object of drgn's

    def source(self) -> Source:
        """For a new question: what an earlier one could not read is not this one's lack.

        :raises UsageError: if nothing is open
        """
        if self.opened is None:
            raise UsageError(NOTHING_OPEN)
        return self.opened.first.again()

    def select(self, selection: Selection) -> None:
        """Make ``selection`` what later commands mean."""
        self.selection = selection
        if self.python_names:
            bind_selection(self.python_names, self)

    def python(self) -> dict[str, Any]:
        """The names that Python code sees, made when they are first wanted."""
        if not self.python_names:
            self.python_names.update(namespace(self))
        return self.python_names

    def session(self, out: Any) -> Session:
        """The surroundings of a command whose answer goes to ``out``."""
        held = self.opened.first if self.opened is not None else None
        return replace(
            self.base, out=out, held=held, selected=self.selection.what, names=self.names
        )


def _same(task: Any, selected: Any) -> bool:
    return selected is not None and (task.address, task.pid) == (selected.address, selected.pid)


def namespace(bench: Workbench) -> dict[str, Any]:
    """drgn's own (``prog``, its helpers), ``inspector``, and the selection."""
    names: dict[str, Any] = {"__name__": "__main__", "inspector": inspector}
    if bench.opened is not None and bench.opened.target is not None:
        names = {**default_globals(bench.opened.target.prog), **names}
        names["target"] = bench.opened.target
    bind_selection(names, bench)
    return names


def bind_selection(names: dict[str, Any], bench: Workbench) -> None:
    """``task`` and ``regs`` as drgn objects, ``frame`` and ``source`` as this project's."""
    task, frame = bench.selection.task, bench.selection.frame
    names["task"] = _pointer(bench, "struct task_struct *", task.address if task else None)
    names["regs"] = _pointer(bench, "struct pt_regs *", frame.address if frame else None)
    names["frame"] = frame
    names["source"] = bench.source() if bench.opened is not None else None


def _pointer(bench: Workbench, type_name: str, address: int | None) -> drgn.Object | None:
    if bench.opened is None or bench.opened.target is None or address is None:
        return None
    return drgn.Object(bench.opened.target.prog, type_name, address)


class Leave(Exception):
    """Raised to end the session."""


@dataclass(frozen=True, slots=True)
class Turn:
    """:ivar out: where the answer goes
    :ivar run: runs a text as if it were typed, and returns its status
    :ivar answer: runs a command, with answer and complaints both to a stream
    """

    bench: Workbench
    out: TextIO
    run: Callable[[str], int]
    answer: Callable[[str, TextIO], None]

    @property
    def names(self) -> Names:
        """The names that completion offers."""
        return self.bench.names


def greet(bench: Workbench, out: TextIO) -> None:
    """Write which target it is, and what is selected."""
    from inspector.render.text.head import GreetingText
    from inspector.render.text.screen import show

    assert bench.opened is not None
    first, tasks = bench.opened.first, len(bench.names.tasks)
    panicking = first.panicking_task() if first.is_dump else None
    show(GreetingText(first.target_identity, first.kernel_identity, panicking, tasks), out)
