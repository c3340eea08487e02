# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze --via tracefs``: kprobe events, set up, read and removed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from inspector.commands.failure import Status
from inspector.commands.freeze import FreezeRequest
from inspector.commands.probe import ProbePlace
from inspector.commands.session import Session
from inspector.facts.uapi import HANDLER, Abi, names
from inspector.freezer.control import check_host
from inspector.freezer.guard import guarded
from inspector.freezer.host import host_facts
from inspector.freezer.tracefs import (
    TraceEvents,
    TraceLine,
    armed_kprobes,
    fetched,
    overrun,
    trace_events,
    trace_lines,
)
from inspector.freezer.workload import program_of
from inspector.model.checkup import HostFacts, Need
from inspector.model.frame import Syscall
from inspector.model.freeze import CommandEnd, Traced, TracedBy, TracedEvent, TracedHit
from inspector.model.probe import ProbeAnswer
from inspector.model.registers import Registers, as_int32
from inspector.processes.signals import signals_end_it, undisturbed
from inspector.queries.freeze import allowed, live_survey, workload
from inspector.render.json_answers import traced_json
from inspector.render.text.freeze import TracedText
from inspector.render.text.screen import show


@dataclass(frozen=True, slots=True)
class _Event:
    """One that is to be set; ``name`` is its own in the group."""

    name: str
    place: ProbePlace
    written: str
    returns: bool
    entry: bool


def run(session: Session, request: FreezeRequest, output: str) -> Status:
    """Set the events, run COMMAND, show in the format ``output``, and remove all again."""
    program_of(request.command)
    host = host_facts()
    check_host(host, Need.TRACEFS, session.sudo_line)
    with signals_end_it():
        events = _events(request, _answers(session, request, host))
        traced = _traced(session, request, output, host, events)
    if output == "json":
        session.out.write(traced_json(traced))
    else:
        show(TracedText(traced), session.out)
    if traced.command is not None and traced.command.status:
        session.err.write(f"inspector: COMMAND ended with status {traced.command.status}\n")
        return Status.COMMAND_FAILED
    if traced.overrun:
        return Status.PARTIAL
    return Status.WHOLE if traced.hits else Status.NOTHING_MATCHED


def _answers(session: Session, request: FreezeRequest, host: HostFacts) -> dict[str, ProbeAnswer]:
    """What each place would do; nothing where the kernel's memory cannot be read."""
    if host.kcore is not None:
        return {}
    with live_survey(session) as survey:
        return allowed(survey, request, by_events=True)


def _events(request: FreezeRequest, answers: dict[str, ProbeAnswer]) -> list[_Event]:
    entries = [
        _Event(f"hit{i}", place, _written(place, answers), False, _leads_home(place, answers))
        for i, place in enumerate(request.places)
    ]
    returns = [
        _Event(f"return{i}", place, _written(place, answers), True, False)
        for i, place in enumerate(request.returns)
    ]
    return [*entries, *returns]


def _written(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> str:
    answer = answers.get(place.text)
    symbol = answer.place.symbol if answer else place.symbol
    module = f"{place.module}:" if place.module else ""
    return f"{module}{symbol}+{place.offset}" if place.offset else f"{module}{symbol}"


def _leads_home(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> bool:
    """Whether di still is the handler's argument: the task's entry frame."""
    answer = answers.get(place.text)
    if answer is None:
        return place.symbol.startswith(HANDLER) and not place.offset
    return any(way.here and way.name == "syscall-handler" for way in answer.ways)


def _traced(
    session: Session, request: FreezeRequest, output: str, host: HostFacts, events: list[_Event]
) -> Traced:
    group = f"inspector_{os.getpid()}"
    names_of = [event.name for event in events]
    with (
        guarded(group),
        trace_events(group) as traces,
        workload(session, request, output) as run_it,
    ):
        for event in events:
            traces.define(
                event.name, "r" if event.returns else "p", event.written, fetched(event.entry)
            )
            _filter(traces, event, request)
        traces.enable(*names_of)
        command = run_it(None)
        armed = armed_kprobes()
        traces.disable(*names_of)
        with undisturbed():
            return _told(host, events, traces, armed, command)


def _filter(traces: TraceEvents, event: _Event, request: FreezeRequest) -> None:
    conditions = [f"common_pid == {request.pid}"] * (request.pid is not None)
    conditions += [f'comm == "{request.comm}"'] * (request.comm is not None)
    if conditions:
        traces.filter(event.name, " && ".join(conditions))


def _told(
    host: HostFacts,
    events: list[_Event],
    traces: TraceEvents,
    armed: dict[str, str] | None,
    command: CommandEnd | None,
) -> Traced:
    text = traces.text()
    known = {event.name: event for event in events}
    hits = tuple(_hit(known[line.event], line, armed) for line in trace_lines(text))
    counted = tuple(
        TracedEvent(event.place.text, event.returns, event.entry, *traces.counts(event.name))
        for event in events
    )
    return Traced(host.release, host.build_id, counted, hits, overrun(text), command)


def _hit(event: _Event, line: TraceLine, armed: dict[str, str] | None) -> TracedHit:
    return TracedHit(
        event.place.text,
        line.where,
        TracedBy.RETURN if event.returns else _mechanism(line.where, armed),
        line.comm,
        line.pid,
        line.cpu,
        line.seconds,
        line.registers,
        line.entry,
        _syscall(line.entry),
    )


def _mechanism(where: str, armed: dict[str, str] | None) -> TracedBy:
    flags = None if armed is None else armed.get(where)
    if flags is None:
        return TracedBy.UNKNOWN
    if "[FTRACE]" in flags:
        return TracedBy.FTRACE
    return TracedBy.INT3_OR_JUMP if "[OPTIMIZED]" in flags else TracedBy.INT3


def _syscall(entry: Registers | None) -> Syscall | None:
    """Of a handler of the 64-bit table: its number is of that table."""
    if entry is None:
        return None
    number = as_int32(entry.orig_ax)
    return Syscall(number, Abi.X86_64, names(Abi.X86_64).get(number), None)
