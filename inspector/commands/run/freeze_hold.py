# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze --mode hold``: a frame is read on its stack while its CPU waits in it."""

from __future__ import annotations

import os

from inspector.commands.freeze import FreezeRequest
from inspector.commands.run.freeze_parts import wait_optimised, workload
from inspector.commands.session import Session
from inspector.freezer.control import Control
from inspector.freezer.holding import prepare, reader_alone
from inspector.model.freeze import CommandEnd, Held
from inspector.model.record import Hold
from inspector.survey import Survey
from inspector.target.target import Target


def hold(
    session: Session, request: FreezeRequest, output: str, target: Target, control: Control
) -> tuple[Held | None, CommandEnd | None]:
    """Arm everything, run COMMAND, and read the frame in which it is held."""
    with reader_alone() as others, workload(session, request, output, others) as run:
        prepare(control)
        control.say("arm all")
        if request.wait_optimised:
            wait_optimised(control)
        reader = Reader(session, Survey(target), control, request.keep_held)
        command = run(reader.look)
        return reader.held, command


class Reader:
    """Reads the first hold that it sees; whatever else a reading touches was touched before."""

    def __init__(self, session: Session, survey: Survey, control: Control, keep: bool) -> None:
        self._session = session
        self._survey = survey
        self._control = control
        self._keep = keep
        self.held: Held | None = None
        survey.frames_of(survey.task(os.getpid()))

    def look(self) -> None:
        """Ask the module; read, if a CPU is held, and release it."""
        if self.held is not None:
            return
        hold = self._control.header().hold
        if hold is not None and hold.held:
            self.held = self._read(hold)

    def _read(self, hold: Hold) -> Held:
        try:
            stack = self._survey.read_held(hold)
            now = self._control.header().hold
        finally:
            if not self._keep:
                self._control.say("release")
        self._session.err.write(f"inspector: cpu {hold.cpu} is held, with pid {hold.pid}\n")
        self._session.err.flush()
        during = now is not None and now.held and now.since_ns == hold.since_ns
        return Held(hold, *self._survey.held_frames(stack), during)
