# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector distill``: the answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from inspector.commands.distill import DistillRequest
from inspector.commands.failure import Status, status_of
from inspector.commands.session import Session
from inspector.distill import Reading, distill
from inspector.distill.redact import sensitive_places
from inspector.errors import TargetError
from inspector.model.distillate import Distillate
from inspector.model.frame import Frame
from inspector.model.stack import CallFrame
from inspector.opening import open_survey
from inspector.processes.child import go_on_in_a_child
from inspector.queries.report import Step, read_everything
from inspector.render.json_answers import distillate_json
from inspector.render.text.dumps import distillate_text
from inspector.survey import Survey
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target


def run(session: Session, request: DistillRequest, output: str) -> Status:
    """Write the small dump, and say how large it became and what it holds."""
    if session.contained:
        go_on_in_a_child(str(request.core))
    with session.progress() as step:
        step(f"opening {request.core}")
        made = _distilled(request, step)
    if output == "json":
        session.out.write(distillate_json(str(request.small), made))
    else:
        session.out.writelines(distillate_text(str(request.small), made, audit=request.audit))
        session.say_missing(made.missing)
    return status_of(True, made.missing)


def _distilled(request: DistillRequest, step: Step) -> Distillate:
    report = _FullReport(step, request.text)
    return distill(
        request.core,
        request.small,
        report,
        request.vmlinux,
        request.redact,
        request.trim,
        report.check,
    )


class _FullReport:
    """Reads a dump for everything, and remembers the frames to hold the small one against."""

    def __init__(self, step: Step, functions: Collection[str]) -> None:
        self._step = step
        self._functions = functions
        self._frames: dict[_Key, Frame] = {}

    def __call__(self, target: Target) -> Reading:
        # A small dump is to hold no names of files that processes have mapped.
        survey = Survey(target, mappings=False)
        missing = read_everything(survey, self._step, self._functions)
        self._frames = _frames(survey)
        unwound = frozenset(call.pc - before for call in _calls(survey) for before in (0, 1))
        return Reading(missing, sensitive_places(survey), unwound)

    def check(self, small: Path) -> None:
        """:raises TargetError: unless the small dump has the same frames"""
        self._step("asking the small dump for its frames")
        with open_survey(TargetSpec(TargetKind.CORE, str(small))) as survey:
            found = _frames(survey)
        wrong = [key for key in self._frames.keys() | found.keys() if not self._same(key, found)]
        if wrong:
            at = min(address for address, _found_in in wrong)
            raise TargetError(
                f"the small dump would not answer the same of {len(wrong)} frames, such as the one"
                f" at {at:#x}: it is not written"
            )

    def _same(self, key: _Key, found: dict[_Key, Frame]) -> bool:
        one, other = self._frames.get(key), found.get(key)
        return one is not None and other is not None and _facts(one, other) == _facts(other, other)


_Key = tuple[int, str]


def _calls(survey: Survey) -> Iterator[CallFrame]:
    for task in survey.tasks():
        yield from survey.calls_of(task)


def _frames(survey: Survey) -> dict[_Key, Frame]:
    tasks = tuple(survey.tasks())
    frames = (*survey.frames(tasks), *survey.note_frames(tasks))
    return {(frame.address, frame.found_in.value): frame for frame in frames}


def _facts(frame: Frame, small: Frame) -> tuple[object, ...]:
    """What must be the same, of those registers that ``small`` still has."""
    registers = {n: word for n, word in frame.registers.items() if n not in small.absent}
    rules = [evidence.rule for evidence in frame.evidence]
    pid = frame.task.pid if frame.task else None
    return (
        frame.origin,
        frame.stack,
        frame.cpu,
        pid,
        frame.syscall,
        frame.vector,
        rules,
        registers,
    )
