# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a face gives a command: where to write, and the survey it holds open, if any."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from inspector.commands.status import PartialAnswerError
from inspector.commands.target import TargetOptions, target_spec
from inspector.errors import NothingMatched

if TYPE_CHECKING:
    from inspector.render.progress import Step
    from inspector.survey import Survey


@dataclass(frozen=True, slots=True)
class Session:
    """The surroundings of one command.

    :ivar out: where the answer goes
    :ivar err: where a line goes that an answer's format has no place for
    :ivar sudo_line: the command that would do the same as root
    :ivar held: a survey that is open already (the REPL's); TARGET options then say nothing
    """

    out: TextIO
    err: TextIO
    sudo_line: str
    held: Survey | None = None

    @contextmanager
    def survey(self, options: TargetOptions) -> Iterator[Survey]:
        """The survey to ask; one that was opened here is closed again.

        :raises PartialAnswerError: in place of ``NothingMatched``, if not everything could be read
        """
        if self.held is not None:
            with _completeness(self.held):
                yield self.held
            return
        spec = target_spec(options, self.sudo_line)
        from inspector.opening import open_survey  # imports drgn, which --help must not

        with ExitStack() as opened:
            with self.progress() as step:
                step(f"opening {spec.path or spec.kind.value}")
                survey = opened.enter_context(open_survey(spec))
            with _completeness(survey):
                yield survey

    def progress(self) -> AbstractContextManager[Step]:
        """Something to tell what is being done; shown where ``err`` is a terminal."""
        from inspector.render.progress import progress  # imports rich, which --help must not

        return progress(self.err)


@contextmanager
def _completeness(survey: Survey) -> Iterator[None]:
    try:
        yield
    except NothingMatched as error:
        missing = survey.incomplete
        if not missing:
            raise
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PartialAnswerError(f"{error}; but not read: {missing[0].reason}{more}") from None
