# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector explain``: the answer."""

from __future__ import annotations

from dataclasses import replace

from inspector.commands.explain import ExplainRequest
from inspector.commands.failure import Status, status_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched
from inspector.model.frame import Frame
from inspector.model.report import Explanation
from inspector.model.task import Task
from inspector.queries.choose import entry_frame, frame_in_question, task_label, task_or_frame
from inspector.render.json_frames import explanation_json
from inspector.render.text.explain import ExplainText, SomeRegistersText
from inspector.render.text.screen import show
from inspector.survey import Survey


def run(
    session: Session,
    target: TargetOptions,
    request: ExplainRequest,
    output: str,
    *,
    decimal: bool,
    show_all: bool,
) -> Status:
    """Answer ``request`` in the format ``output``.

    :param decimal: whether a text shows registers so
    :param show_all: whether a text has a line for each register
    """
    with session.survey(target) as survey:
        explanation = explanation_of(survey, request)
        if output == "json":
            session.out.write(explanation_json(explanation))
        elif request.registers:
            show(SomeRegistersText(explanation, decimal), session.out, verbose=session.verbose)
        else:
            text = ExplainText(explanation, decimal, show_all)
            show(text, session.out, verbose=session.verbose)
        return status_of(True, explanation.missing)


def explanation_of(survey: Survey, request: ExplainRequest) -> Explanation:
    """The frame that ``request`` names, explained: all of it, or some registers.

    :raises NothingMatched: if it is not there
    :raises UsageError: if it names nothing
    """
    explanation = survey.explain(*_frame_and_entry(survey, request))
    if not request.registers:
        return explanation
    some = tuple(told for told in explanation.registers if told.register in request.registers)
    return replace(explanation, registers=some)


def _frame_and_entry(survey: Survey, request: ExplainRequest) -> tuple[Frame, Frame | None]:
    if request.record is not None:
        hit = survey.record(request.record)
        return hit.given, hit.entry
    found = task_or_frame(survey, request.what)
    if isinstance(found, Frame):
        return found, _entry_of(survey, found)
    frames = survey.frames_of(found)
    entry = entry_frame(found, frames)
    told = frame_in_question(found, frames, survey.killed_by()) or entry or next(iter(frames), None)
    if told is None:
        raise NothingMatched(_no_frame(found))
    return told, None if told is entry else entry


def _entry_of(survey: Survey, frame: Frame) -> Frame | None:
    if frame.task is None or frame.address == frame.task.entry_address:
        return None
    return entry_frame(frame.task, survey.frames_of(frame.task))


def _no_frame(task: Task) -> str:
    if task.kernel_thread:
        return f"{task_label(task)} is a kernel thread, and no frame lies on its stack"
    return f"no frame lies on the stack of {task_label(task)}"
