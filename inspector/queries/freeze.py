# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze`` by the module."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from inspector.commands.failure import Status, status_of
from inspector.commands.freeze import FreezeRequest
from inspector.commands.probe import ProbePlace
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import FreezeError, NothingMatched, UsageError
from inspector.explain.meaning import events_of, timeline
from inspector.facts.uapi import Abi, names
from inspector.formats.records import saved_text
from inspector.freezer.control import (
    Control,
    RingSize,
    add,
    check_host,
    loaded_module,
    prepare,
    reader_alone,
)
from inspector.freezer.host import host_facts
from inspector.freezer.workload import prepared, program_of
from inspector.model.checkup import Need
from inspector.model.freeze import CommandEnd, Event, Filters, Freeze, Held, Hit, ProbeSpec
from inspector.model.probe import ProbeAnswer, ProbeOutcome
from inspector.model.record import Hold, Mechanism, Mode, RecordProbe
from inspector.processes.signals import signals_end_it
from inspector.processes.whole_file import check_writable, whole_file
from inspector.queries.records import save
from inspector.render.json_answers import freeze_json
from inspector.render.text.freeze import FreezeText
from inspector.render.text.screen import show
from inspector.survey import Survey
from inspector.target.open import reload_modules
from inspector.target.target import Target

_OPTIMISED_WITHIN = 10  # seconds; the kernel's delayed work takes 0.1 to 1 of them


def live_survey(session: Session) -> AbstractContextManager[Survey]:
    """Of the running kernel, whatever survey the session holds open."""
    return replace(session, held=None).survey(TargetOptions(live=True))


def filters_of(request: FreezeRequest) -> Filters:
    """:raises UsageError: for a syscall that nobody knows"""
    return Filters(
        request.pid,
        request.tgid,
        request.comm or "",
        _number(request.syscall) if request.syscall else None,
        request.every,
        request.limit,
    )


def _number(syscall: str) -> int:
    if syscall.isdecimal():
        return int(syscall)
    for number, name in names(Abi.X86_64).items():
        if name == syscall:
            return number
    raise UsageError(f"--syscall {syscall}: no such system call of x86-64")


def specs_of(request: FreezeRequest, answers: dict[str, ProbeAnswer]) -> list[ProbeSpec]:
    """The probes, in the order in which they are asked for: the first one opens events."""
    mode = Mode(request.mode)
    entries = [
        ProbeSpec(
            place=_written(place, answers),
            # The others record what the one that holds or panics is seen against.
            mode=mode if i == len(request.places) - 1 else Mode.RECORD,
            opens=i == 0,
            keep_int3=place.offset > 0 and _stays_int3(request),
            hold_ms=request.hold_ms,
            force=request.force,
            crash_after=request.crash_after,
        )
        for i, place in enumerate(request.places)
    ]
    returns = [
        ProbeSpec(_written(place, answers), Mode.RECORD, returns=True, opens=not entries)
        for place in request.returns
    ]
    return [*entries, *returns]


def _stays_int3(request: FreezeRequest) -> bool:
    """During a hold the optimiser would wait for the held CPU, and a reader for the optimiser."""
    return request.keep_int3 or (request.mode == "hold" and not request.wait_optimised)


def _written(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> str:
    """Under the name that this kernel has for it, and as it is given to the kernel."""
    found = answers[place.text].place
    offset = f"+{found.offset:#x}" if found.offset else ""
    module = f"{found.module}:" if found.module else ""
    return f"{module}{found.symbol}{offset}"


def allowed(survey: Survey, request: FreezeRequest, by_events: bool) -> dict[str, ProbeAnswer]:
    """What each place would do.

    :param by_events: asked of tracefs, which refuses more
    :raises FreezeError: for the first that would be refused
    """
    answers = {}
    for place in (*request.places, *request.returns):
        try:
            answer = survey.probe(place.symbol, place.offset, place.module, place.text)
        except NothingMatched as error:
            raise FreezeError(f"{place.text}: {error}") from None
        verdict = answer.events if by_events else answer.registration
        if verdict.outcome is ProbeOutcome.REFUSED:
            why = verdict.evidence[0].text
            raise FreezeError(f"{place.text} cannot be probed: {verdict.errno}: {why}")
        answers[place.text] = answer
    return answers


@contextmanager
def workload(
    session: Session,
    request: FreezeRequest,
    output: str,
    cpus: frozenset[int] | None = None,
) -> Iterator[Callable[[Callable[[], None] | None], CommandEnd | None]]:
    """COMMAND, to be run when everything is armed; without one, time passes instead.

    It is given what is to be done again and again meanwhile, or None.
    """
    session.out.flush()
    words = request.command or ("sleep", f"{request.seconds:g}")
    with prepared(words, to_stderr=output == "json", cpus=cpus) as waiting:

        def run(meanwhile: Callable[[], None] | None) -> CommandEnd | None:
            if request.command:
                ran = waiting.run(meanwhile)
                return CommandEnd(request.command, ran.pid, ran.status)
            session.err.write(f"inspector: armed for {request.seconds:g} s, or until Ctrl-C\n")
            with suppress(KeyboardInterrupt):  # which only ends the waiting
                waiting.run(meanwhile)
            return None

        yield run


def wait_optimised(control: Control) -> None:
    """:raises FreezeError: if an int3 stays what it is"""
    end = time.monotonic() + _OPTIMISED_WITHIN
    while any(probe.mechanism_now is Mechanism.INT3 for probe in control.header().probes):
        if time.monotonic() > end:
            raise FreezeError(f"no jump has replaced an int3 within {_OPTIMISED_WITHIN} s")
        time.sleep(0.05)


def say_progress(session: Session, text: str) -> None:
    """For somebody who waits at a terminal."""
    if sys.stderr.isatty():
        session.err.write(f"inspector: {text}\n")
        session.err.flush()


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
