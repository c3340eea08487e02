# SPDX-License-Identifier: LGPL-2.1-or-later
"""Puts the parts of an answer together."""

from __future__ import annotations

from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.number_facts import NumberFacts
from inspector.model.probe_answer import Outcome, ProbeAnswer, Rename
from inspector.model.probe_site import ProbeSite
from inspector.model.symbol import Location
from inspector.predict.number_ways import number_ways
from inspector.predict.probe import later, mechanism, notes, unread
from inspector.predict.registers import handler_registers
from inspector.predict.registration import kprobe_events, registration


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
