# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways to the syscall number, each with whether this kernel has it."""

from __future__ import annotations

from inspector.model.evidence import Evidence
from inspector.model.number_facts import NumberFacts
from inspector.model.probe_answer import NumberWay, Outcome
from inspector.model.probe_site import ProbeSite, Unread
from inspector.predict.registers import arguments_stand
from inspector.predict.registration import kprobe_events, registration

_HANDLER = "__x64_sys_"


def number_ways(probed: ProbeSite, accepted: bool, facts: NumberFacts) -> tuple[NumberWay, ...]:
    """What works first; what is often advised and does not, last.

    :param accepted: the probe that was asked for can be set
    """
    ways = [
        _entry_frame(accepted),
        _handler(probed, accepted, facts.handler),
        _dispatcher(probed, accepted, facts.dispatcher),
        _entry(probed, accepted, facts.entry),
        _tracepoint(facts.tracepoint),
    ]
    order = [Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.REFUSED]
    return tuple(sorted(ways, key=lambda way: order.index(way.works)))


def _entry_frame(accepted: bool) -> NumberWay:
    why = (
        "in any handler that runs in a task which entered by a syscall: its low 32 bits;"
        " a kernel thread has no such frame"
    )
    return NumberWay(
        "entry-frame",
        "task_pt_regs(current)->orig_ax",
        Outcome.ACCEPTED,
        accepted,
        Evidence("entry-frame", why),
    )


def _handler(probed: ProbeSite, accepted: bool, site: ProbeSite | None) -> NumberWay:
    how = f"probe {_HANDLER}*: ((struct pt_regs *)regs->di)->orig_ax; in tracefs +120(%di)"
    here = accepted and probed.asked.symbol.startswith(_HANDLER) and arguments_stand(probed)
    return _by_probe("syscall-handler", how, site, here, f"this kernel has no {_HANDLER}* function")


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
        return NumberWay("tracepoint", how, Outcome.UNKNOWN, False, address.evidence)
    works = Outcome.REFUSED if address is None else Outcome.ACCEPTED
    why = "no __tracepoint_sys_enter" if address is None else "its struct tracepoint is there"
    return NumberWay("tracepoint", how, works, False, Evidence("tracepoint", why, address))


def _by_probe(name: str, how: str, site: ProbeSite | None, here: bool, missing: str) -> NumberWay:
    if site is None:
        return NumberWay(name, how, Outcome.REFUSED, False, Evidence("no-symbol", missing))
    found = registration(site)
    events = kprobe_events(site, found)
    why = found.evidence[0]
    place = str(site.asked)
    if found.outcome is Outcome.REFUSED:
        why = Evidence(why.rule, f"{place} is refused with {found.errno}: {why.text}", why.address)
    elif events.outcome is Outcome.REFUSED:
        text = f"{place}: from a module only; tracefs, perf and bpftrace may not"
        why = Evidence("module-only", text, site.address)
    elif found.outcome is Outcome.ACCEPTED:
        why = Evidence("probe", f"{place} can be probed", site.address)
    return NumberWay(name, how, found.outcome, here, why)
