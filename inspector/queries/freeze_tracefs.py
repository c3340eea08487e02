# SPDX-License-Identifier: LGPL-2.1-or-later
"""Freezing registers of the running kernel by kprobe events: set up, read and removed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from inspector.facts.uapi import HANDLER, Abi, names
from inspector.freezer.guard import guarded
from inspector.freezer.tracefs import (
    TraceEvents,
    TraceLine,
    armed_kprobes,
    fetched,
    overrun,
    trace_events,
    trace_lines,
)
from inspector.model.frame import Syscall
from inspector.model.freeze import (
    CommandEnd,
    FreezePlan,
    HostFacts,
    Traced,
    TracedBy,
    TracedEvent,
    TracedHit,
)
from inspector.model.probe import ProbeAnswer, ProbePlace
from inspector.model.registers import Registers, as_int32
from inspector.processes.signals import undisturbed
from inspector.queries.freeze import Watcher, workload


@dataclass(frozen=True, slots=True)
class _Event:
    """One that is to be set; ``name`` is its own in the group."""

    name: str
    place: ProbePlace
    written: str
    returns: bool
    entry: bool


def freeze_by_tracefs(
    plan: FreezePlan, host: HostFacts, answers: dict[str, ProbeAnswer], watcher: Watcher
) -> Traced:
    """Set the events, run COMMAND, read what they fetched, and remove all again.

    :param answers: what each place would do; empty where the kernel's memory cannot be read
    """
    return _traced(plan, host, _events(plan, answers), watcher)


def _events(plan: FreezePlan, answers: dict[str, ProbeAnswer]) -> list[_Event]:
    entries = [
        _Event(f"hit{i}", place, _written(place, answers), False, _leads_home(place, answers))
        for i, place in enumerate(plan.places)
    ]
    returns = [
        _Event(f"return{i}", place, _written(place, answers), True, False)
        for i, place in enumerate(plan.returns)
    ]
    return [*entries, *returns]


def _written(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> str:
    answer = answers.get(place.text)
    symbol = answer.place.symbol if answer else place.symbol
    module = f"{place.module}:" if place.module else ""
    return f"{module}{symbol}+{place.offset}" if place.offset else f"{module}{symbol}"


def _leads_home(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> bool:
    """Whether di still holds the handler's argument, the task's entry frame."""
    answer = answers.get(place.text)
    if answer is None:
        return place.symbol.startswith(HANDLER) and not place.offset
    return any(way.here and way.name == "syscall-handler" for way in answer.ways)


def _traced(plan: FreezePlan, host: HostFacts, events: list[_Event], watcher: Watcher) -> Traced:
    group = f"inspector_{os.getpid()}"
    names_of = [event.name for event in events]
    with guarded(group), trace_events(group) as traces, workload(plan, watcher) as run_it:
        for event in events:
            traces.define(
                event.name, "r" if event.returns else "p", event.written, fetched(event.entry)
            )
            _filter(traces, event, plan)
        traces.enable(*names_of)
        command = run_it(None)
        armed = armed_kprobes()
        traces.disable(*names_of)
        with undisturbed():
            return _told(host, events, traces, armed, command)


def _filter(traces: TraceEvents, event: _Event, plan: FreezePlan) -> None:
    conditions = [f"common_pid == {plan.pid}"] * (plan.pid is not None)
    conditions += [f'comm == "{plan.comm}"'] * (plan.comm is not None)
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
    """The syscall of a handler in the 64-bit table."""
    if entry is None:
        return None
    number = as_int32(entry.orig_ax)
    return Syscall(number, Abi.X86_64, names(Abi.X86_64).get(number), None)
