# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answer of ``inspector probe``, put together from its parts."""

from __future__ import annotations

from inspector.model.evidence import Evidence
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing, Unread
from inspector.model.probe import (
    NumberFacts,
    Optimisation,
    Outcome,
    ProbeAnswer,
    ProbeSite,
    Registration,
    Rename,
)
from inspector.model.record import Mechanism
from inspector.model.stack import Location
from inspector.predict.handler import handler_registers, number_ways
from inspector.predict.optimisation import optimisation
from inspector.predict.registration import is_ftrace_site, kprobe_events, registration

# The whole answer about one place, but for who was asked.

MechanismVerdict = tuple[Mechanism | None, tuple[Evidence, ...]]


def mechanism(site: ProbeSite, registered: Registration) -> MechanismVerdict:
    """How the first hit gains control; None for a probe that is refused."""
    if registered.outcome is Outcome.REFUSED:
        return None, ()
    if is_ftrace_site(site):
        why = (
            "the function's own call of ftrace is here: no trap, kprobe_ftrace_handler() is called"
        )
        return Mechanism.FTRACE, (Evidence("mechanism-ftrace", why, site.address),)
    if isinstance(site.ftrace, Unread) and site.armed is None:
        return Mechanism.UNKNOWN, (site.ftrace.evidence,)
    why = "no ftrace site begins here: the first byte becomes an int3"
    return Mechanism.INT3, (Evidence("mechanism-int3", why, site.address),)


def later(site: ProbeSite, first: Mechanism | None) -> Optimisation | None:
    """What becomes of an int3, None for what is none."""
    return optimisation(site) if first is Mechanism.INT3 else None


def unread(
    site: ProbeSite,
    registered: Registration,
    first: Mechanism | None,
    jump: Optimisation | None,
    events: Registration,
) -> tuple[Unread, ...]:
    """The facts that an answer lacks, each once; none for one that needs none."""
    facts: list[object] = []
    if first is Mechanism.UNKNOWN:
        facts.append(site.ftrace)
    if first is Mechanism.FTRACE:
        facts.append(site.features.ftrace_stores_zero)
    if events.outcome is Outcome.UNKNOWN:
        facts += [site.traced, site.features.events_on_notrace]
    if jump is not None and jump.possible is not Outcome.REFUSED:
        facts += [site.body, site.faulting, site.reserved, site.features.allowed]
        facts += [site.features.refuses_traps] if jump.possible is Outcome.UNKNOWN else []
    unread = (fact for fact in (*registered.unread, *facts) if isinstance(fact, Unread))
    return tuple(dict.fromkeys(unread))


def notes(site: ProbeSite, registered: Registration, same_name: int) -> tuple[Evidence, ...]:
    """What else somebody who sets this probe wants to know.

    :param same_name: how many functions have the name
    """
    told = []
    if site.address != site.asked.address:
        text = "the function begins with ENDBR (IBT): the probe moves behind it, by 4 bytes"
        told.append(Evidence("probe-behind-endbr", text, site.address))
    if same_name > 1:
        text = (
            f"{same_name} functions are called {site.asked.symbol}: register_kprobe() takes the"
            " lowest, tracefs refuses the bare name with -EADDRNOTAVAIL since 6.6"
        )
        told.append(Evidence("probe-same-name", text))
    if registered.outcome is not Outcome.REFUSED and site.features.all_disarmed is True:
        text = "all kprobes are disarmed (debugfs kprobes/enabled): none is hit now"
        told.append(Evidence("probe-all-disarmed", text))
    if site.armed is not None:
        text = f"a kprobe is here already, and works by {site.armed.mechanism.value}"
        told.append(Evidence("probe-already-there", text, site.armed.address))
    return tuple(told)


# Puts the parts of an answer together.


def answer(
    target: TargetIdentity,
    kernel: KernelIdentity,
    asked: str,
    renamed: Rename | None,
    site: ProbeSite,
    same_name: int,
    numbers: NumberFacts,
    missing: tuple[Missing, ...],
) -> ProbeAnswer:
    """What a kprobe at ``site`` would do and hold.

    :param same_name: how many functions have the name
    :param missing: what of the target could not be read before
    """
    registered = registration(site)
    first, why = mechanism(site, registered)
    jump, events = later(site, first), kprobe_events(site, registered)
    unknown = unread(site, registered, first, jump, events)
    moved = site.address - site.asked.address
    return ProbeAnswer(
        target=target,
        kernel=kernel,
        asked=asked,
        renamed=renamed,
        place=site.asked,
        location=Location(
            site.address, site.asked.symbol, site.asked.offset + moved, site.asked.module
        ),
        address=None if site.unsettled else site.address,
        registration=registered,
        mechanism=first,
        mechanism_evidence=why,
        optimisation=jump,
        events=events,
        registers=handler_registers(site, first) if first else (),
        ways=number_ways(site, registered.outcome is Outcome.ACCEPTED, numbers),
        entry_offset=numbers.entry_offset,
        notes=notes(site, registered, same_name),
        missing=(*missing, *(Missing(fact.rule, fact.reason) for fact in unknown)),
    )
