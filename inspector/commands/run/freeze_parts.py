# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the options of ``inspector freeze`` to what is to be done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

from inspector.commands.freeze import FreezeRequest
from inspector.commands.probe import ProbePlace
from inspector.commands.session import Session
from inspector.commands.target import TargetOptions
from inspector.errors import FreezeError, NothingMatched, UsageError
from inspector.freezer.control import Control
from inspector.freezer.workload import prepared
from inspector.kernel.syscall_names import names
from inspector.model.freeze import CommandEnd, Filters, ProbeSpec
from inspector.model.kprobe import Mechanism
from inspector.model.probe_answer import Outcome, ProbeAnswer
from inspector.model.record import Mode
from inspector.model.syscall import Abi
from inspector.survey import Survey

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
        if verdict.outcome is Outcome.REFUSED:
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
