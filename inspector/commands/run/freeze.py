# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze`` by the module."""

from __future__ import annotations

import os
from pathlib import Path

from inspector.commands.freeze import FreezeRequest
from inspector.commands.run.freeze_hold import hold
from inspector.commands.run.freeze_parts import (
    allowed,
    filters_of,
    live_survey,
    say_progress,
    specs_of,
    wait_optimised,
    workload,
)
from inspector.commands.session import Session
from inspector.commands.status import Status, status_of
from inspector.distill.whole import check_writable, whole_file
from inspector.errors import UsageError
from inspector.explain.events import events_of
from inspector.explain.timeline import timeline
from inspector.freezer.commands import add
from inspector.freezer.control import Control
from inspector.freezer.host import host_facts
from inspector.freezer.module import RingSize, check_host, loaded_module
from inspector.freezer.workload import program_of
from inspector.model.freeze import CommandEnd, Freeze, Held
from inspector.model.hit import Event, Hit
from inspector.model.host import Need
from inspector.model.record import RecordProbe
from inspector.record.saved import saved_text
from inspector.render.freeze_json import freeze_json
from inspector.render.freeze_text import FreezeText
from inspector.render.screen import show
from inspector.saved_survey import save
from inspector.signals import signals_end_it
from inspector.survey import Survey
from inspector.target.open import reload_modules

_SLOTS, _SLICE = range(1, 4097), range(64, 16385, 8)


def run(session: Session, request: FreezeRequest, output: str) -> Status:
    """Arm, run COMMAND, show in the format ``output``, and leave nothing behind."""
    ring = _ring(request)
    program_of(request.command)
    if request.saved_to is not None:
        check_writable(request.saved_to)
    host = host_facts()
    check_host(host, Need.HOLD if request.mode == "hold" else Need.MODULE, session.sudo_line)
    filters = filters_of(request)
    with signals_end_it(), live_survey(session) as checked:
        specs = specs_of(request, allowed(checked, request, by_events=False))
        say_progress(session, "building and loading framefreeze")
        with loaded_module(host, ring) as control:
            for slot, spec in enumerate(specs):
                control.say(add(slot, spec, filters))
            frozen = _freeze(session, request, output, checked, control)
    return _answer(session, request, output, frozen)


def _ring(request: FreezeRequest) -> RingSize:
    if request.ring_slots not in _SLOTS:
        raise UsageError(f"--ring-slots {request.ring_slots}: 1 to {_SLOTS[-1]}")
    if request.slice_bytes not in _SLICE:
        raise UsageError(f"--slice-bytes {request.slice_bytes}: 64 to 16384, a multiple of 8")
    return RingSize(request.ring_slots, request.slice_bytes)


def _freeze(
    session: Session,
    request: FreezeRequest,
    output: str,
    checked: Survey,
    control: Control,
) -> Freeze:
    reload_modules(checked.target)
    held: Held | None = None
    command: CommandEnd | None
    if request.mode == "hold":
        held, command = hold(session, request, output, checked.target, control)
    else:
        with workload(session, request, output) as run_it:
            control.say("arm all")
            if request.wait_optimised:
                wait_optimised(control)
            command = run_it(None)
    # While they are armed: the text that the kernel generated for them goes with them.
    survey = Survey(checked.target)
    control.say("disarm all")
    header = control.header()
    hits = survey.hits()
    saved = _save(survey, request.saved_to)
    return _frozen(survey, header.probes, hits, held, command, saved)


def _save(survey: Survey, path: Path | None) -> str | None:
    if path is None:
        return None
    with whole_file(path) as file:
        file.write(saved_text(save(survey)).encode())
    _give_to_caller(path)
    return str(path)


def _give_to_caller(path: Path) -> None:
    """Under sudo it is the caller's, who needs no root to read it."""
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if uid.isdecimal() and gid.isdecimal():
        os.chown(path, int(uid), int(gid))


def _frozen(
    survey: Survey,
    probes: tuple[RecordProbe, ...],
    hits: tuple[Hit, ...],
    held: Held | None,
    command: CommandEnd | None,
    saved: str | None,
) -> Freeze:
    events = events_of(hits)
    event = _shown(events, command)
    others = tuple(other.hits[0].record.index for other in events if other is not event)
    told = diff = None
    if event is not None:
        last = event.hits[-1]
        if len(event.hits) == 1 and last.entry is not None:
            diff = survey.diff(last.entry, last.given, ())
        told = timeline(
            survey.target_identity,
            survey.kernel_identity,
            event,
            others,
            survey.context,
            survey.missing,
        )
    return Freeze(
        survey.target_identity,
        survey.kernel_identity,
        probes,
        tuple(frame for hit in hits for frame in hit.frames),
        told,
        diff,
        held,
        command,
        saved,
        survey.missing,
    )


def _shown(events: tuple[Event, ...], command: CommandEnd | None) -> Event | None:
    """The last one of COMMAND itself, else the last of all."""
    if command is not None:
        own = [e for e in events if e.hits[0].record.tgid == command.pid]
        if own:
            return own[-1]
    return events[-1] if events else None


def _answer(session: Session, request: FreezeRequest, output: str, frozen: Freeze) -> Status:
    if output == "json":
        session.out.write(freeze_json(frozen))
    else:
        show(FreezeText(frozen), session.out, verbose=session.verbose)
    if frozen.command is not None and frozen.command.status:
        session.err.write(f"inspector: COMMAND ended with status {frozen.command.status}\n")
        return Status.COMMAND_FAILED
    return status_of(bool(frozen.frames), frozen.missing)
