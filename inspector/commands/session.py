# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a face gives a command: where to write, and the target it holds open, if any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from inspector.commands.failure import PartialAnswerError
from inspector.commands.target import TargetOptions, target_spec
from inspector.errors import NothingMatched
from inspector.model.task import Selector
from inspector.target.spec import without_plugins

if TYPE_CHECKING:
    from inspector.commands.completion import Names
    from inspector.model.evidence import Missing
    from inspector.queries.source import Source
    from inspector.render.text.style import Step


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of one command.

    :ivar out: where the answer goes
    :ivar err: where a line goes that an answer's format has no place for
    :ivar sudo_line: the command that would do the same as root
    :ivar held: what is open already (the REPL's), for a command that names no TARGET
    :ivar selected: what such a command is about when it says nothing (the REPL's selection)
    :ivar names: what a completion can offer of the target
    :ivar plugins: whether drgn's plugins are wanted, of which the prompt has commands
    :ivar may_fork: whether this process runs nothing else, so that children of it may read
    :ivar verbose: whether to list what is missing one by one
    """

    out: TextIO
    err: TextIO
    sudo_line: str
    held: Source | None = None
    selected: Selector | None = None
    names: Names | None = None
    plugins: bool = False
    may_fork: bool = False
    verbose: bool = False

    def meant(self, selector: Selector | None, options: TargetOptions) -> Selector | None:
        """``selector``, or the selection where it is None and the held target is meant."""
        if selector is None and self._means_held(options):
            return self.selected
        return selector

    @contextmanager
    def source(self, options: TargetOptions) -> Iterator[Source]:
        """The source for the command's query; closes what it opened.

        :raises PartialAnswerError: in place of ``NothingMatched``, if not everything could be read
        """
        if self.held is not None and self._means_held(options):
            held = self.held.again()
            with _completeness(held):
                yield held
            return
        spec = target_spec(options, self.sudo_line)
        from inspector.queries.opening import open_source  # imports drgn, which --help must not

        with ExitStack() as opened:
            with self.progress() as step:
                step(f"opening {spec.path or spec.kind.value}")
                # A plugin may know where debug information is to be had.
                wanted = self.plugins or spec.by_dwarf
                with nullcontext() if wanted else without_plugins():
                    source = opened.enter_context(open_source(spec))
            with _completeness(source):
                yield source

    def say_missing(self, missing: Sequence[Missing]) -> None:
        """Write what is missing to ``err``, for a format that has no place for it."""
        if missing:
            from inspector.render.text.head import missing_texts  # imports rich

            for text in missing_texts(missing, each=self.verbose):
                self.err.write(f"inspector: not read: {text}\n")

    def progress(self) -> AbstractContextManager[Step]:
        """Something to tell what is being done; shown where ``err`` is a terminal."""
        from inspector.render.text.style import progress

        return progress(self.err)

    def _means_held(self, options: TargetOptions) -> bool:
        return self.held is not None and options == TargetOptions()


@contextmanager
def _completeness(source: Source) -> Iterator[None]:
    try:
        yield
    except NothingMatched as error:
        missing = source.missing
        if not missing:
            raise
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PartialAnswerError(f"{error}; but not read: {missing[0].text}{more}") from None
