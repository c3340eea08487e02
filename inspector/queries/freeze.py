# SPDX-License-Identifier: LGPL-2.1-or-later
"""Freezing frames of the running kernel by the module."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import FreezeError, NothingMatched, UsageError
from inspector.explain.meaning import events_of, timeline
from inspector.facts.uapi import Abi, names
from inspector.formats.records import saved_text
from inspector.freezer.control import Control, RingSize, add, loaded_module, prepare, reader_alone
from inspector.freezer.workload import prepared
from inspector.model.freeze import (
    CommandEnd,
    Event,
    Filters,
    Freeze,
    FreezePlan,
    Held,
    Hit,
    HostFacts,
    ProbeSpec,
)
from inspector.model.probe import ProbeAnswer, ProbeOutcome, ProbePlace
from inspector.model.record import Hold, Mechanism, Mode, RecordProbe
from inspector.processes.whole_file import whole_file
from inspector.queries.diff import compared
from inspector.queries.records import save
from inspector.queries.source import Source
from inspector.queries.target import TargetSource
from inspector.target.open import reload_modules

_OPTIMISED_WITHIN = 10  # seconds; the kernel's delayed work takes 0.1 to 1 of them


Say = Callable[[str], None]
"""Takes a line for whoever watches, without its end."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Whoever watches a freeze.

    :ivar say: takes what they must know
    :ivar progress: takes what is of use to somebody who waits
    :ivar to_stderr: whether COMMAND's output is kept away from standard output
    """

    say: Say
    progress: Say
    to_stderr: bool


def filters_of(plan: FreezePlan) -> Filters:
    """:raises UsageError: for an unknown syscall"""
    return Filters(
        plan.pid,
        plan.tgid,
        plan.comm or "",
        _number(plan.syscall) if plan.syscall else None,
        plan.every,
        plan.limit,
    )


def _number(syscall: str) -> int:
    if syscall.isdecimal():
        return int(syscall)
    for number, name in names(Abi.X86_64).items():
        if name == syscall:
            return number
    raise UsageError(f"--syscall {syscall}: no such system call of x86-64")


def specs_of(plan: FreezePlan, answers: dict[str, ProbeAnswer]) -> list[ProbeSpec]:
    """The probes in the given order; the first one opens events."""
    mode = Mode(plan.mode)
    entries = [
        ProbeSpec(
            place=_written(place, answers),
            # The others record what the one that holds or panics is seen against.
            mode=mode if i == len(plan.places) - 1 else Mode.RECORD,
            opens=i == 0,
            keep_int3=place.offset > 0 and _stays_int3(plan),
            hold_ms=plan.hold_ms,
            force=plan.force,
            crash_after=plan.crash_after,
        )
        for i, place in enumerate(plan.places)
    ]
    returns = [
        ProbeSpec(_written(place, answers), Mode.RECORD, returns=True, opens=not entries)
        for place in plan.returns
    ]
    return [*entries, *returns]


def _stays_int3(plan: FreezePlan) -> bool:
    """Whether to forbid jumps: during a hold the optimiser would wait for the held CPU, and a
    reader for the optimiser.
    """
    return plan.keep_int3 or (plan.mode == "hold" and not plan.wait_optimised)


def _written(place: ProbePlace, answers: dict[str, ProbeAnswer]) -> str:
    """The probe's place as the kernel takes it, under this kernel's name."""
    found = answers[place.text].place
    offset = f"+{found.offset:#x}" if found.offset else ""
    module = f"{found.module}:" if found.module else ""
    return f"{module}{found.symbol}{offset}"


def allowed(source: Source, plan: FreezePlan, by_events: bool) -> dict[str, ProbeAnswer]:
    """Predict each place.

    :param by_events: for tracefs, which refuses more places
    :raises FreezeError: for the first that would be refused
    """
    answers = {}
    for place in (*plan.places, *plan.returns):
        try:
            answer = source.probe(place.symbol, place.offset, place.module, place.text)
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
    plan: FreezePlan, watcher: Watcher, cpus: frozenset[int] | None = None
) -> Iterator[Callable[[Callable[[], None] | None], CommandEnd | None]]:
    """COMMAND, to run once everything is armed; without COMMAND, a pause.

    It is given what is to be done again and again meanwhile, or None.
    """
    words = plan.command or ("sleep", f"{plan.seconds:g}")
    with prepared(words, to_stderr=watcher.to_stderr, cpus=cpus) as waiting:

        def run(meanwhile: Callable[[], None] | None) -> CommandEnd | None:
            if plan.command:
                ran = waiting.run(meanwhile)
                return CommandEnd(plan.command, ran.pid, ran.status)
            watcher.say(f"armed for {plan.seconds:g} s, or until Ctrl-C")
            with suppress(KeyboardInterrupt):  # which only ends the waiting
                waiting.run(meanwhile)
            return None

        yield run


def wait_optimised(control: Control) -> None:
    """:raises FreezeError: if no jump replaces the int3"""
    end = time.monotonic() + _OPTIMISED_WITHIN
    while any(probe.mechanism_now is Mechanism.INT3 for probe in control.header().probes):
        if time.monotonic() > end:
            raise FreezeError(
                f"--wait-optimised: no jump replaced the int3 within {_OPTIMISED_WITHIN} s"
            )
        time.sleep(0.05)


def _hold(
    plan: FreezePlan, source: TargetSource, control: Control, watcher: Watcher
) -> tuple[Held | None, CommandEnd | None]:
    """Arm everything, run COMMAND, and read the frame of the hold."""
    with reader_alone() as others, workload(plan, watcher, others) as run:
        prepare(control)
        control.say("arm all")
        if plan.wait_optimised:
            wait_optimised(control)
        reader = _HoldReader(source.again(), control, watcher.say, plan.keep_held)
        command = run(reader.look)
        return reader.held, command


class _HoldReader:
    """Reads the first hold; all code and memory that this needs was touched before."""

    def __init__(self, source: TargetSource, control: Control, say: Say, keep: bool) -> None:
        self._say = say
        self._source = source
        self._control = control
        self._keep = keep
        self.held: Held | None = None
        source.frames_of(source.task(os.getpid()))

    def look(self) -> None:
        """Poll the module; if a CPU is held, read its frame and release it."""
        if self.held is not None:
            return
        hold = self._control.header().hold
        if hold is not None and hold.held:
            self.held = self._read(hold)

    def _read(self, hold: Hold) -> Held:
        try:
            stack = self._source.finder.read_held(hold)
            now = self._control.header().hold
        finally:
            if not self._keep:
                self._control.say("release")
        self._say(f"cpu {hold.cpu} is held, with pid {hold.pid}")
        during = now is not None and now.held and now.since_ns == hold.since_ns
        return Held(hold, *self._source.finder.held_frames(stack), during)


_SLOTS, _SLICE = range(1, 4097), range(64, 16385, 8)


def ring_of(plan: FreezePlan) -> RingSize:
    """:raises UsageError: for a ring that the module cannot have"""
    if plan.ring_slots not in _SLOTS:
        raise UsageError(f"--ring-slots {plan.ring_slots}: 1 to {_SLOTS[-1]}")
    if plan.slice_bytes not in _SLICE:
        raise UsageError(f"--slice-bytes {plan.slice_bytes}: 64 to 16384, a multiple of 8")
    return RingSize(plan.ring_slots, plan.slice_bytes)


def freeze_by_module(
    plan: FreezePlan, host: HostFacts, source: TargetSource, ring: RingSize, watcher: Watcher
) -> Freeze:
    """Load the module, arm, run COMMAND, read the frames, and leave nothing behind.

    :raises FreezeError: if a probe would be refused, or the module cannot be had
    :raises UsageError: for a filter that cannot be
    """
    filters = filters_of(plan)
    specs = specs_of(plan, allowed(source, plan, by_events=False))
    watcher.progress("building and loading framefreeze")
    with loaded_module(host, ring) as control:
        for slot, spec in enumerate(specs):
            control.say(add(slot, spec, filters))
        return _freeze(plan, source, control, watcher)


def _freeze(plan: FreezePlan, source: TargetSource, control: Control, watcher: Watcher) -> Freeze:
    reload_modules(source.target)
    held: Held | None = None
    command: CommandEnd | None
    if plan.mode == "hold":
        held, command = _hold(plan, source, control, watcher)
    else:
        with workload(plan, watcher) as run_it:
            control.say("arm all")
            if plan.wait_optimised:
                wait_optimised(control)
            command = run_it(None)
    # While they are armed: the text that the kernel generated for them goes with them.
    armed = source.again()
    control.say("disarm all")
    header = control.header()
    hits = armed.hits()
    saved = _save(armed, plan.saved_to)
    return _frozen(armed, header.probes, hits, held, command, saved)


def _save(source: TargetSource, path: Path | None) -> str | None:
    if path is None:
        return None
    with whole_file(path) as file:
        file.write(saved_text(save(source)).encode())
    _give_to_caller(path)
    return str(path)


def _give_to_caller(path: Path) -> None:
    """Under sudo, give the file to the calling user."""
    uid, gid = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if uid.isdecimal() and gid.isdecimal():
        os.chown(path, int(uid), int(gid))


def _frozen(
    source: Source,
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
            diff = compared(source, last.entry, last.given)
        told = timeline(
            source.target_identity,
            source.kernel_identity,
            event,
            others,
            source.context,
            source.missing,
        )
    return Freeze(
        source.target_identity,
        source.kernel_identity,
        probes,
        tuple(frame for hit in hits for frame in hit.frames),
        told,
        diff,
        held,
        command,
        saved,
        source.missing,
    )


def _shown(events: tuple[Event, ...], command: CommandEnd | None) -> Event | None:
    """The record to show: the last of COMMAND itself, else the last of all."""
    if command is not None:
        own = [e for e in events if e.hits[0].record.tgid == command.pid]
        if own:
            return own[-1]
    return events[-1] if events else None
