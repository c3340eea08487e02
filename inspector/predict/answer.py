# SPDX-License-Identifier: LGPL-2.1-or-later
"""Predict a kprobe at an address: whether it is optimised, and the whole answer."""

from __future__ import annotations

from inspector.model.evidence import Evidence, Missing, Unread
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.probe import (
    Body,
    Instruction,
    KprobeFeatures,
    NumberFacts,
    Optimisation,
    ProbeAnswer,
    ProbeOutcome,
    ProbeSite,
    Registration,
    Rename,
)
from inspector.model.record import Mechanism
from inspector.model.stack import Location
from inspector.predict.handler import handler_registers, number_ways
from inspector.predict.registration import is_ftrace_site, kprobe_events, registration

# Whether an int3 becomes a jump: can_boost() and arch_prepare_optimized_kprobe().

# can_boost(): instructions that run out of line without a trap after them.

# twobyte_is_boostable[], arch/x86/kernel/kprobes/core.c: a row an upper half of the second
# opcode byte; bit N, from the left, for its lower half N.
_TWO_BYTE = (
    "0011001011000000"
    "0000000000000001"
    "1111000000000000"
    "0100000000000000"
    "1111111111111111"
    "0000000000000000"
    "1111111111110011"
    "0000111100000011"
    "0000000000000000"
    "1111111111111111"
    "1101110011011101"
    "1111111100011111"
    "1100000011111111"
    "0111010011011101"
    "0110010011011101"
    "0111010011101110"
)
_ADDRESS_SIZE, _CS_OVERRIDE = 0x67, 0x2E

# Neither by itself nor in any form; kernels differ in the groups, below.
_NOT = frozenset(
    (
        0x62,  # bound
        *range(0x70, 0x80),  # conditional jumps
        0x9A,  # far call
        *range(0xCC, 0xCF),  # software exceptions
        0xD6,
        *range(0xD8, 0xE0),  # the FPU's
        *range(0xE0, 0xE4),  # loops, jcxz
        *range(0xE8, 0xEA),  # near call and jump
        0xEB,  # short jump
        *range(0xF0, 0xF5),  # lock, rep, hlt
    )
)

# Groups: opcode → the forms, by ModRM's reg, that can; since 6.9, and before.
_SHIFTS = frozenset({0, 1, 2, 3, 4, 5, 7})
_GROUPS = {
    **dict.fromkeys((0xC0, 0xC1, 0xD0, 0xD1, 0xD2, 0xD3), _SHIFTS),
    **dict.fromkeys((0xF6, 0xF7), frozenset({0, 2, 3, 4, 5, 6, 7})),
    0xFE: frozenset({0, 1}),
    0xFF: frozenset({0, 1, 4}),
}
_GROUP_5, _INDIRECT_JUMP = 0xFF, 4


def can_boost(found: Instruction, features: KprobeFeatures) -> bool | Unread:
    """Whether a jump may follow the copied instruction, exceptions aside."""
    opcode = found.opcode
    if len(opcode) == 2:
        return _TWO_BYTE[opcode[1]] == "1"
    if len(opcode) != 1 or {_ADDRESS_SIZE, _CS_OVERRIDE} & set(found.prefixes):
        return False
    if opcode[0] in _GROUPS:
        return _group(opcode[0], (found.modrm or 0) >> 3 & 7, features)
    return opcode[0] not in _NOT


def _group(opcode: int, reg: int, features: KprobeFeatures) -> bool | Unread:
    if opcode == _GROUP_5 and reg == _INDIRECT_JUMP:
        return features.emulates  # since 5.13
    if reg not in _GROUPS[opcode]:
        return False
    return features.refuses_traps


# Whether an int3 becomes a jump: arch_prepare_optimized_kprobe() and what follows it.

_JUMP_SIZE = 5  # JMP32_INSN_SIZE


def optimisation(site: ProbeSite) -> Optimisation:
    """Whether an accepted probe that ftrace does not serve is optimised."""
    allowed = site.features.allowed
    setting = None if isinstance(allowed, Unread) else allowed
    possible, evidence = _possible(site)
    return Optimisation(possible, setting, (evidence, _setting(allowed)))


def _setting(allowed: bool | Unread) -> Evidence:
    if isinstance(allowed, Unread):
        return allowed.evidence
    state = "on" if allowed else "off"
    return Evidence("optimization-sysctl", f"debug.kprobes-optimization is {state}")


def _possible(site: ProbeSite) -> tuple[ProbeOutcome, Evidence]:
    if not site.features.optprobes:
        return ProbeOutcome.REFUSED, Evidence("no-optprobes", "built without CONFIG_OPTPROBES")
    for fact in (site.body, site.faulting, site.reserved, site.ftrace):
        if isinstance(fact, Unread):
            return ProbeOutcome.UNKNOWN, fact.evidence
    assert isinstance(site.body, Body)  # not Unread
    refused = _whole_function(site, site.body) or _replaced(site, site.body) or _neighbour(site)
    if refused is not None:
        return ProbeOutcome.REFUSED, refused
    if (undecided := _undecided(site, site.body)) is not None:
        return ProbeOutcome.UNKNOWN, undecided
    return ProbeOutcome.ACCEPTED, Evidence(
        "optimisable", "nothing forbids a jump here", site.address
    )


def _whole_function(site: ProbeSite, body: Body) -> Evidence | None:
    """can_optimize(): a look at every instruction of the function."""
    if site.entry_text:
        return Evidence("entry-text", "in the entry code, whose stack is not settled", site.address)
    if site.function.high - site.address < _JUMP_SIZE:
        return Evidence("too-short", "fewer than five bytes to the function's end", site.address)
    faulting = site.faulting
    assert not isinstance(faulting, Unread)
    for found in body.instructions:
        if found.address in faulting:
            why = f"{found.text} has an exception-table entry: fixups may jump in"
            return Evidence("exception-table", why, found.address)
        if why := _jumps_in(site, found):
            return Evidence("jump", f"{found.text} {why}", found.address)
    if body.stopped is not None:
        return Evidence("undecoded", "from here on the function is not code", body.stopped)
    return None


def _jumps_in(site: ProbeSite, found: Instruction) -> str:
    features = site.features
    if features.indirect_jumps and _is_indirect_jump(found):
        return "jumps indirectly, so perhaps to here"
    if found.target is None or found.opcode[0] == 0xE8:
        return ""
    # Both ends count: insn_jump_into_range().
    if site.address + 1 <= found.target <= site.address + _JUMP_SIZE:
        return "jumps to what would be replaced"
    thunks = features.thunks
    if thunks is not None and thunks.low <= found.target <= thunks.high:
        return "jumps to a retpoline, so perhaps to here"
    return ""


def _is_indirect_jump(found: Instruction) -> bool:
    reg = (found.modrm or 0) >> 3 & 7
    return found.opcode[0] == 0xEA or (found.opcode[0] == 0xFF and reg & 6 == 4)


def _replaced(site: ProbeSite, body: Body) -> Evidence | None:
    """copy_optimized_instructions(): those that the jump replaces must run elsewhere."""
    faulting, end = site.faulting, site.address
    assert not isinstance(faulting, Unread)
    while end < site.address + _JUMP_SIZE:
        found = body.at(end)
        if found is None:
            return Evidence("undecoded", "not the first byte of an instruction", end)
        if can_boost(found, site.features) is False:
            return Evidence("not-boostable", f"{found.text} cannot run out of line", end)
        end = found.end
    return _reserved(site, end)


def _undecided(site: ProbeSite, body: Body) -> Evidence | None:
    for found in body.instructions:
        if site.address <= found.address < site.address + _JUMP_SIZE:
            boosts = can_boost(found, site.features)
            if isinstance(boosts, Unread):
                return boosts.evidence
    return None


def _reserved(site: ProbeSite, end: int) -> Evidence | None:
    assert not isinstance(site.reserved, Unread)
    for part in site.reserved:
        if part.kind.value != "BUG() or WARN()" and part.touches(site.address, end):
            return Evidence(
                "jump-over-reserved", f"a {part.kind.value} would be replaced", part.low
            )
    return None


def _neighbour(site: ProbeSite) -> Evidence | None:
    body = site.body
    assert isinstance(body, Body)
    end = site.address
    while end < site.address + _JUMP_SIZE and (found := body.at(end)) is not None:
        end = found.end
    for address in site.neighbours:
        if address < end:
            return Evidence("neighbour", "another kprobe is where the jump would lie", address)
    return None


# The answer of ``inspector probe``, put together from its parts.

# The whole answer about one place, but for who was asked.

MechanismVerdict = tuple[Mechanism | None, tuple[Evidence, ...]]


def mechanism(site: ProbeSite, registered: Registration) -> MechanismVerdict:
    """How the first hit gains control; None for a probe that is refused."""
    if registered.outcome is ProbeOutcome.REFUSED:
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
    if events.outcome is ProbeOutcome.UNKNOWN:
        facts += [site.traced, site.features.events_on_notrace]
    if jump is not None and jump.possible is not ProbeOutcome.REFUSED:
        facts += [site.body, site.faulting, site.reserved, site.features.allowed]
        facts += [site.features.refuses_traps] if jump.possible is ProbeOutcome.UNKNOWN else []
    unread = (fact for fact in (*registered.unread, *facts) if isinstance(fact, Unread))
    return tuple(dict.fromkeys(unread))


def notes(site: ProbeSite, registered: Registration, same_name: int) -> tuple[Evidence, ...]:
    """Further notes for setting this probe.

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
    if registered.outcome is not ProbeOutcome.REFUSED and site.features.all_disarmed is True:
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
    """Predict a kprobe at ``site``.

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
        ways=number_ways(site, registered.outcome is ProbeOutcome.ACCEPTED, numbers),
        entry_offset=numbers.entry_offset,
        notes=notes(site, registered, same_name),
        missing=(*missing, *(Missing(fact.rule, fact.reason) for fact in unknown)),
    )
