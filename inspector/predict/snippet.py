# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether code of one kind can get the syscall number at a probe, and from what."""

from __future__ import annotations

from inspector.errors import NothingMatched
from inspector.model.probe_answer import Outcome, ProbeAnswer
from inspector.model.registers import as_int64
from inspector.model.snippet import NumberArgument, SnippetKind, SnippetPlan

_BY_WAY = {
    "syscall-handler": NumberArgument.ENTRY_FRAME,
    "x64-sys-call": NumberArgument.SECOND,
    "do-syscall-64": NumberArgument.FIRST,
}


def snippet_plan(answer: ProbeAnswer, kind: SnippetKind) -> SnippetPlan:
    """What the code of ``kind`` for the probe of ``answer`` is made from.

    :raises NothingMatched: if that probe would be refused, or there is no way to the number
    """
    _check(answer, kind)
    argument = next((_BY_WAY[w.name] for w in answer.ways if w.here and w.name in _BY_WAY), None)
    if kind is SnippetKind.TRACEFS and argument is None and not _has_tracepoint(answer):
        raise NothingMatched(f"{answer.place}: tracefs has no way to the number here; try a module")
    return SnippetPlan(
        answer.place, answer.kernel.release, argument, answer.entry_offset, _own_orig_ax(answer)
    )


def _check(answer: ProbeAnswer, kind: SnippetKind) -> None:
    registered = answer.registration
    if registered.outcome is Outcome.REFUSED:
        why = registered.evidence[0].text
        raise NothingMatched(
            f"{answer.place} is refused with {registered.errno}: {why};"
            " `inspector probe` names the ways that work"
        )
    if kind is not SnippetKind.MODULE and answer.events.outcome is Outcome.REFUSED:
        raise NothingMatched(
            f"{answer.place} can be probed from a module only: {answer.events.evidence[0].text}"
        )


def _has_tracepoint(answer: ProbeAnswer) -> bool:
    return any(w.name == "tracepoint" and w.works is Outcome.ACCEPTED for w in answer.ways)


def _own_orig_ax(answer: ProbeAnswer) -> str:
    for held in answer.registers:
        if held.register == "orig_ax":
            value = "" if held.value is None else f"{as_int64(held.value)}, "
            return f"{value}{held.meaning.text}"
    return "not told"
