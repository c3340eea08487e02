# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a session at the prompt holds: the target, the selection, and how answers are shown."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inspector.commands.complete.match import SortedNames
from inspector.commands.complete.names import Names
from inspector.commands.session import Session
from inspector.errors import UsageError
from inspector.repl.selection import Selection
from inspector.target.spec import TargetKind, TargetSpec

NOTHING_OPEN = "no target is open: open PATH, or open --demo"

if TYPE_CHECKING:
    from inspector.survey import Survey
    from inspector.target.target import Target


@dataclass(frozen=True, slots=True)
class Opened:
    """What is open, and how to open it again.

    :ivar first: the survey that it was opened with
    :ivar target: None for a file of records, behind which there is no memory
    """

    spec: TargetSpec
    first: Survey
    target: Target | None
    held: ExitStack

    def survey(self) -> Survey:
        """A fresh survey of it."""
        from inspector.survey import Survey

        return self.first if self.target is None else Survey(self.target)


@dataclass(frozen=True, slots=True)
class View:
    """How registers are shown, by the names of the options that say so."""

    decimal: bool = False
    show_all: bool = False

    def defaults(self) -> dict[str, bool]:
        """Values of options that a command line leaves out."""
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
        from inspector.opening import open_survey

        held = ExitStack()
        survey = held.enter_context(open_survey(spec))
        if self.opened is not None:
            self.opened.held.close()
        target = None if spec.kind is TargetKind.RECORDS else survey.target
        self.opened = Opened(spec, survey, target, held)
        self.names = Names(tuple(survey.tasks()))
        self.learned = False
        self.selection = Selection()
        self.python_names.clear()
        task = survey.default_task() if survey.is_dump else None
        if task is not None:
            self.select(Selection(task, survey.frames_of(task)))

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
            self.select(Selection(again, self.survey().frames_of(again)))

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

    def survey(self) -> Survey:
        """A fresh survey: what an earlier command could not read is not this one's lack.

        :raises UsageError: if nothing is open
        """
        if self.opened is None:
            raise UsageError(NOTHING_OPEN)
        return self.opened.survey()

    def select(self, selection: Selection) -> None:
        """Make ``selection`` what later commands mean."""
        self.selection = selection
        if self.python_names:
            from inspector.repl.namespace import bind_selection

            bind_selection(self.python_names, self)

    def python(self) -> dict[str, Any]:
        """The names that Python code sees, made when they are first wanted."""
        if not self.python_names:
            from inspector.repl.namespace import namespace

            self.python_names.update(namespace(self))
        return self.python_names

    def session(self, out: Any) -> Session:
        """The surroundings of a command whose answer goes to ``out``."""
        held = self.survey() if self.opened is not None else None
        return replace(
            self.base, out=out, held=held, selected=self.selection.what, names=self.names
        )


def _same(task: Any, selected: Any) -> bool:
    return selected is not None and (task.address, task.pid) == (selected.address, selected.pid)
