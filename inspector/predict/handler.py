# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the pre-handler of a kprobe finds in its registers, and the ways to the syscall number."""

from __future__ import annotations

from inspector.errors import NothingMatched
from inspector.facts.uapi import HANDLER
from inspector.model.evidence import Evidence, Unread
from inspector.model.probe import (
    Body,
    HandlerRegister,
    NumberArgument,
    NumberFacts,
    NumberWay,
    ProbeAnswer,
    ProbeOutcome,
    ProbeSite,
    SnippetKind,
    SnippetPlan,
)
from inspector.model.record import Mechanism
from inspector.model.registers import as_int64
from inspector.predict.registration import kprobe_events, registration

# What the pre-handler of a kprobe finds in its registers.

_MINUS_ONE = (1 << 64) - 1
_ARGUMENTS = ("di", "si", "dx", "cx", "r8", "r9")
_FRAME = Evidence("handler-di-entry-frame", "the task's syscall frame, a struct pt_regs *")
_NUMBER = Evidence("handler-syscall-number", "the syscall number")
_AX = Evidence("handler-ax", "the live rax: what the code before left there")
_IP = Evidence("handler-ip", "the probed address + 1, in the pre-handler")
_ZERO = Evidence("handler-orig-ax-zero", "ftrace_regs_caller stores a constant 0")
_STALE = Evidence(
    "handler-orig-ax-stale", "ftrace_regs_caller never writes it: what the stack held before"
)
_ZERO_OR_STALE = Evidence(
    "handler-orig-ax-zero-or-stale", "0 from 5.5 on, stale before: not read which"
)
_BY_MECHANISM = Evidence(
    "handler-orig-ax-by-mechanism", "by the mechanism: 0 by ftrace, -1 by int3"
)
_PUSHED = Evidence(
    "handler-orig-ax-minus-one", "the int3 entry pushes it, and an optimised probe sets it too"
)
_CHANGED = Evidence(
    "handler-live", "live: the arguments only where the code before has not changed them"
)
_ARGUMENT = Evidence("handler-arguments", "the function's arguments, by the C calling convention")

# function → what its first arguments are; do_syscall_64 had them in this order while it
# could be probed.
_KNOWN_ARGUMENTS = {
    "x64_sys_call": (_FRAME, _NUMBER),
    "do_syscall_64": (_NUMBER, _FRAME),
}


def handler_registers(site: ProbeSite, mechanism: Mechanism) -> tuple[HandlerRegister, ...]:
    """The registers of an accepted probe."""
    return (
        _orig_ax(site, mechanism),
        HandlerRegister("ax", None, _AX),
        HandlerRegister("ip", None if site.unsettled else site.address + 1, _IP),
        *_arguments(site),
    )


def arguments_stand(site: ProbeSite) -> bool:
    """Whether the registers still are what the function was called with."""
    if site.address == site.function.low:
        return True
    if not isinstance(site.body, Body):
        return False
    before = [i for i in site.body.instructions if i.address < site.address]
    return all(i.text.startswith(("endbr", "nop")) for i in before)


def _orig_ax(site: ProbeSite, mechanism: Mechanism) -> HandlerRegister:
    if mechanism is Mechanism.FTRACE:
        if site.features.ftrace_stores_zero is True:
            return HandlerRegister("orig_ax", 0, _ZERO)
        if site.features.ftrace_stores_zero is False:
            return HandlerRegister("orig_ax", None, _STALE)
        return HandlerRegister("orig_ax", None, _ZERO_OR_STALE)
    if mechanism is Mechanism.UNKNOWN:
        return HandlerRegister("orig_ax", None, _BY_MECHANISM)
    return HandlerRegister("orig_ax", _MINUS_ONE, _PUSHED)


def _arguments(site: ProbeSite) -> tuple[HandlerRegister, ...]:
    if not arguments_stand(site):
        names = ", ".join(_ARGUMENTS)
        return (HandlerRegister(names, None, _CHANGED),)
    name = site.asked.symbol
    known = (_FRAME,) if name.startswith(HANDLER) else _KNOWN_ARGUMENTS.get(name, ())
    told = [HandlerRegister(r, None, why) for r, why in zip(_ARGUMENTS, known, strict=False)]
    rest = _ARGUMENTS[len(known) :]
    if not name.startswith(HANDLER) and not known:
        told.append(HandlerRegister(", ".join(rest), None, _ARGUMENT))
    return tuple(told)


# Ways to the syscall number, each with whether this kernel has it.


def number_ways(probed: ProbeSite, accepted: bool, facts: NumberFacts) -> tuple[NumberWay, ...]:
    """The ways to the syscall number: working ones first, popular ones that fail last.

    :param accepted: the probe that was asked for can be set
    """
    ways = [
        _entry_frame(accepted),
        _handler(probed, accepted, facts.handler),
        _dispatcher(probed, accepted, facts.dispatcher),
        _entry(probed, accepted, facts.entry),
        _tracepoint(facts.tracepoint),
    ]
    order = [ProbeOutcome.ACCEPTED, ProbeOutcome.UNKNOWN, ProbeOutcome.REFUSED]
    return tuple(sorted(ways, key=lambda way: order.index(way.works)))


def _entry_frame(accepted: bool) -> NumberWay:
    why = (
        "in any handler that runs in a task which entered by a syscall: its low 32 bits;"
        " a kernel thread has no such frame"
    )
    return NumberWay(
        "entry-frame",
        "task_pt_regs(current)->orig_ax",
        ProbeOutcome.ACCEPTED,
        accepted,
        Evidence("entry-frame", why),
    )


def _handler(probed: ProbeSite, accepted: bool, site: ProbeSite | None) -> NumberWay:
    how = f"probe {HANDLER}*: ((struct pt_regs *)regs->di)->orig_ax; in tracefs +120(%di)"
    here = accepted and probed.asked.symbol.startswith(HANDLER) and arguments_stand(probed)
    return _by_probe("syscall-handler", how, site, here, f"this kernel has no {HANDLER}* function")


def _dispatcher(probed: ProbeSite, accepted: bool, site: ProbeSite | None) -> NumberWay:
    here = accepted and probed.asked.symbol == "x64_sys_call" and arguments_stand(probed)
    missing = "this kernel has no x64_sys_call"
    return _by_probe("x64-sys-call", "probe x64_sys_call: regs->si", site, here, missing)


def _entry(probed: ProbeSite, accepted: bool, site: ProbeSite | None) -> NumberWay:
    here = accepted and probed.asked.symbol == "do_syscall_64" and arguments_stand(probed)
    how = "probe do_syscall_64: regs->di"
    return _by_probe("do-syscall-64", how, site, here, "no do_syscall_64")


def _tracepoint(address: int | Unread | None) -> NumberWay:
    how = "tracepoint raw_syscalls:sys_enter: its field id"
    if isinstance(address, Unread):
        return NumberWay("tracepoint", how, ProbeOutcome.UNKNOWN, False, address.evidence)
    works = ProbeOutcome.REFUSED if address is None else ProbeOutcome.ACCEPTED
    why = "no __tracepoint_sys_enter" if address is None else "its struct tracepoint is there"
    return NumberWay("tracepoint", how, works, False, Evidence("tracepoint", why, address))


def _by_probe(name: str, how: str, site: ProbeSite | None, here: bool, missing: str) -> NumberWay:
    if site is None:
        return NumberWay(name, how, ProbeOutcome.REFUSED, False, Evidence("no-symbol", missing))
    found = registration(site)
    events = kprobe_events(site, found)
    why = found.evidence[0]
    place = str(site.asked)
    if found.outcome is ProbeOutcome.REFUSED:
        why = Evidence(why.rule, f"{place} is refused with {found.errno}: {why.text}", why.address)
    elif events.outcome is ProbeOutcome.REFUSED:
        text = f"{place}: from a module only; tracefs, perf and bpftrace may not"
        why = Evidence("module-only", text, site.address)
    elif found.outcome is ProbeOutcome.ACCEPTED:
        why = Evidence("probe", f"{place} can be probed", site.address)
    return NumberWay(name, how, found.outcome, here, why)


# Whether code of one kind can get the syscall number at a probe, and from what.

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
        raise NothingMatched(
            f"{answer.place}: tracefs cannot get the number here; try --snippet module"
        )
    return SnippetPlan(
        answer.place, answer.kernel.release, argument, answer.entry_offset, _own_orig_ax(answer)
    )


def _check(answer: ProbeAnswer, kind: SnippetKind) -> None:
    registered = answer.registration
    if registered.outcome is ProbeOutcome.REFUSED:
        why = registered.evidence[0].text
        raise NothingMatched(
            f"{answer.place} is refused with {registered.errno}: {why};"
            " `inspector probe` names the ways that work"
        )
    if kind is not SnippetKind.MODULE and answer.events.outcome is ProbeOutcome.REFUSED:
        raise NothingMatched(
            f"{answer.place} can be probed from a module only: {answer.events.evidence[0].text}"
        )


def _has_tracepoint(answer: ProbeAnswer) -> bool:
    return any(w.name == "tracepoint" and w.works is ProbeOutcome.ACCEPTED for w in answer.ways)


def _own_orig_ax(answer: ProbeAnswer) -> str:
    for held in answer.registers:
        if held.register == "orig_ax":
            value = "" if held.value is None else f"{as_int64(held.value)}, "
            return f"{value}{held.meaning.text}"
    return "not told"
