# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector diff --timeline``: the answer."""

from __future__ import annotations

from inspector.commands.diff import DiffRequest
from inspector.commands.failure import Status, status_of
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import NothingMatched
from inspector.explain.meaning import events_of, timeline
from inspector.model.freeze import Event
from inspector.model.report import Timeline
from inspector.queries.choose import task_label, task_named
from inspector.render.json_frames import timeline_json
from inspector.render.text.freeze import TimelineText
from inspector.render.text.screen import show
from inspector.survey import Survey


def run(session: Session, target: TargetOptions, request: DiffRequest, output: str) -> Status:
    """Answer ``request`` in the format ``output``."""
    with session.survey(target) as survey:
        told = timeline_of(survey, request)
        if output == "json":
            session.out.write(timeline_json(told))
        else:
            show(TimelineText(told), session.out, verbose=session.verbose)
        return status_of(True, told.missing)


def timeline_of(survey: Survey, request: DiffRequest) -> Timeline:
    """The event that ``request`` names: a record's, a task's last, else the last of all.

    :raises NothingMatched: if nothing was recorded, or nothing of that
    """
    events = events_of(survey.hits())
    event = _chosen(survey, request, events)
    others = tuple(other.hits[0].record.index for other in events if other is not event)
    return timeline(
        survey.target_identity,
        survey.kernel_identity,
        event,
        others,
        survey.context,
        survey.missing,
    )


def _chosen(survey: Survey, request: DiffRequest, events: tuple[Event, ...]) -> Event:
    if request.record is not None:
        wanted = survey.record(request.record).record.index
        return next(e for e in events if any(h.record.index == wanted for h in e.hits))
    if not request.what:
        if not events:
            raise NothingMatched("nothing was recorded")
        return events[-1]
    task = task_named(survey, request.what[0])
    of_task = [e for e in events if e.hits[0].record.task_address == task.address]
    if not of_task:
        raise NothingMatched(f"nothing of {task_label(task)} was recorded")
    return of_task[-1]
