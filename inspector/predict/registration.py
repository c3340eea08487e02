# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether register_kprobe() accepts a place: its checks in its order (kernel/kprobes.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inspector.model.evidence import Evidence, Unread
from inspector.model.probe import (
    Body,
    Instruction,
    KprobeFeatures,
    ProbeOutcome,
    ProbeSite,
    Registration,
    ReservedFor,
)
from inspector.model.record import KprobeFlags

# Instructions that no kprobe can stand on: arch_prepare_kprobe() (kprobes/core.c of x86).

EINVAL, EILSEQ, EOPNOTSUPP, ENOSYS = "-EINVAL", "-EILSEQ", "-EOPNOTSUPP", "-ENOSYS"
ENOSPC = "-ENOSPC"

Refusal = tuple[str, Evidence]
"""An error number, and why."""

_INT3 = 0xCC
_TRAPS = (_INT3, 0xCD, 0xCE, 0xF1)  # int3, int, into, int1
_UNDEFINED = (b"\x0f\xff", b"\x0f\xb9", b"\x0f\x0b")  # ud0, ud1, ud2
_LONGEST_INSTRUCTION = 15
_FAR = (0x9A, 0xCF, 0xEA)  # far call, iret, far jump
_GROUP_5, _FAR_FORMS = 0xFF, (3, 5)
_MOV_SEGMENT, _POP_SS, _SS = 0x8E, 0x17, 2


# movl $-id, %r10d and addl -4(%reg), %r10d, by opcode: how far on the trap is, in bytes
_CFI_CHECK = {b"\xba": 12, b"\x03": 6}


def instruction_refusal(
    found: Instruction, features: KprobeFeatures, cfi_traps: frozenset[int] | Unread
) -> Refusal | Unread | None:
    """Why a kprobe cannot stand on ``found``, None if it can.

    :param cfi_traps: where kCFI traps behind it
    """
    if _is_trap(found) and features.refuses_traps is not False:
        if isinstance(features.refuses_traps, Unread):
            return features.refuses_traps
        why = f"{found.text} is a trap itself: can_probe(), is_exception_insn()"
        return EILSEQ, Evidence("trap", why, found.address)
    if (refused := _checks_cfi(found, features, cfi_traps)) is not None:
        return refused
    if found.opcode[0] == _INT3:
        why = "the instruction is an int3 already, and no kprobe's: __copy_instruction()"
        return EINVAL, Evidence("foreign-int3", why, found.address)
    if _masks_exceptions(found):
        why = f"{found.text} masks exceptions for an instruction: insn_masking_exception()"
        return EINVAL, Evidence("masking", why, found.address)
    if features.emulates and _is_unsupported(found):
        why = f"{found.text} can neither be stepped nor emulated: prepare_emulation()"
        return EOPNOTSUPP, Evidence("not-emulated", why, found.address)
    return _fills_the_slot(found, features)


def _checks_cfi(
    found: Instruction, features: KprobeFeatures, traps: frozenset[int] | Unread
) -> Refusal | Unread | None:
    distance = _CFI_CHECK.get(found.opcode)
    if distance is None or features.refuses_cfi is False:
        return None
    for fact in (features.refuses_cfi, traps):
        if isinstance(fact, Unread):
            return fact
    assert not isinstance(traps, Unread)
    if found.address + distance not in traps:
        return None
    why = f"{found.text} is a part of kCFI's check of a call: can_probe(), is_cfi_trap()"
    return EILSEQ, Evidence("cfi-check", why, found.address)


def _fills_the_slot(found: Instruction, features: KprobeFeatures) -> Refusal | Unread | None:
    """No room for the int3 that ends the single step: prepare_singlestep(), since 5.13."""
    if not features.emulates:
        return None
    if isinstance(features.slot_size, Unread):
        # The longest instruction of x86 has 15 bytes, and no slot is smaller.
        return features.slot_size if found.size >= _LONGEST_INSTRUCTION else None
    if found.size < features.slot_size:
        return None
    why = f"{found.text} has {found.size} bytes, as many as a slot: prepare_singlestep()"
    return ENOSPC, Evidence("slot-full", why, found.address)


def _is_trap(found: Instruction) -> bool:
    return found.opcode[0] in _TRAPS or found.opcode in _UNDEFINED


def _masks_exceptions(found: Instruction) -> bool:
    """MOV SS and POP SS."""
    loads_segment = found.opcode[0] == _MOV_SEGMENT and _reg(found) == _SS
    return found.opcode[0] == _POP_SS or loads_segment


def _is_unsupported(found: Instruction) -> bool:
    if found.opcode[0] in _FAR:
        return True
    if found.opcode[0] == _GROUP_5:
        return _reg(found) in _FAR_FORMS
    virtualisation = found.opcode[:2] == b"\x0f\x01" and (found.modrm or 0) >> 6 == 3
    return virtualisation and _reg(found) == 0


def _reg(found: Instruction) -> int:
    return (found.modrm or 0) >> 3 & 7


# Whether register_kprobe() takes a place: its checks, in its order (kernel/kprobes.c).

_Check = Callable[[ProbeSite], "Refusal | Evidence | Unread | None"]


def registration(site: ProbeSite) -> Registration:
    """The first check that refuses decides; one whose facts are unread leaves it open."""
    if site.armed is not None and KprobeFlags.GONE not in site.armed.flags:
        why = "a kprobe is registered here already, so another one is accepted too"
        return Registration(
            ProbeOutcome.ACCEPTED, None, (Evidence("registered", why, site.address),)
        )
    evidence: list[Evidence] = []
    open_questions: list[Unread] = []
    for check in _checks(site):
        found = check(site)
        if isinstance(found, tuple):
            errno, refusal = found
            return Registration(ProbeOutcome.REFUSED, errno, (refusal,))
        if isinstance(found, Unread):
            open_questions.append(found)
        elif found is not None:
            evidence.append(found)
    if open_questions:
        reasons = (question.evidence for question in open_questions)
        return Registration(
            ProbeOutcome.UNKNOWN, None, (*reasons, *evidence), tuple(open_questions)
        )
    return Registration(ProbeOutcome.ACCEPTED, None, tuple(evidence))


def kprobe_events(site: ProbeSite, registered: Registration) -> Registration:
    """Whether tracefs, perf and bpftrace can set it too: within_notrace_func()."""
    if registered.errno in (EINVAL, ENOSYS) or site.features.events_on_notrace is True:
        return registered
    if is_ftrace_site(site):
        return registered
    if isinstance(site.traced, Unread) and registered.outcome is not ProbeOutcome.REFUSED:
        return Registration(ProbeOutcome.UNKNOWN, None, (site.traced.evidence,))
    if site.traced:  # an Unread too: refused in any case
        return registered
    if isinstance(site.features.events_on_notrace, Unread):
        if registered.outcome is ProbeOutcome.REFUSED:  # by one error or the other
            return registered
        unknown = site.features.events_on_notrace.evidence
        return Registration(ProbeOutcome.UNKNOWN, None, (unknown,))
    name = site.function.name
    why = f"{name} has no ftrace site: trace_kprobe.c refuses what a module may probe"
    return Registration(
        ProbeOutcome.REFUSED, EINVAL, (Evidence("notrace", why, site.function.low),)
    )


def is_ftrace_site(site: ProbeSite) -> bool:
    """Whether the address is exactly where an ftrace site begins."""
    if site.armed is not None and KprobeFlags.FTRACE in site.armed.flags:
        return True
    return (
        site.ftrace is not None
        and not isinstance(site.ftrace, Unread)
        and site.ftrace.low == site.address
    )


def _checks(site: ProbeSite) -> Iterator[_Check]:
    yield _available
    if site.features.ftrace_first:
        yield _inside_ftrace_site
    yield from (_settled, _in_text, _not_blacklisted, _not_reserved, _not_a_cfi_preamble)
    if is_ftrace_site(site):
        yield _ftrace_served
        return
    yield from (_on_a_boundary, _instruction_allows)


def _available(site: ProbeSite) -> Refusal | None:
    if site.features.available:
        return None
    return ENOSYS, Evidence("no-kprobes", "this kernel has no register_kprobe")


def _inside_ftrace_site(site: ProbeSite) -> Refusal | Unread | None:
    if isinstance(site.ftrace, Unread):
        return site.ftrace
    if site.ftrace is None or site.ftrace.low == site.address:
        return None
    why = f"inside the ftrace site at {site.ftrace.name}: arch_check_ftrace_location()"
    return EILSEQ, Evidence("inside-ftrace-site", why, site.ftrace.low)


def _settled(site: ProbeSite) -> Unread | None:
    """Whether it is known which byte of a function that may begin with ENDBR is probed."""
    return site.unsettled


def _in_text(site: ProbeSite) -> Refusal | Evidence | Unread:
    if isinstance(site.text, Unread):
        return site.text
    if site.text is None:
        why = f"{site.function.name} is not in kernel text: core_kernel_text() is false"
        return EINVAL, Evidence("not-text", why, site.address)
    return Evidence("in-text", f"in {site.text.name}", site.address)


def _not_blacklisted(site: ProbeSite) -> Refusal | Evidence | Unread:
    part = site.blacklisted
    if isinstance(part, Unread):
        return part
    if part is None:
        return Evidence("not-blacklisted", "neither in kprobe_blacklist nor in a forbidden section")
    why = f"forbidden to kprobes by {_blacklist_entry(part.name)}: within_kprobe_blacklist()"
    return EINVAL, Evidence("blacklisted", why, part.low)


def _blacklist_entry(name: str) -> str:
    return f"the section {name}" if name.startswith(".") else f"the blacklist's entry for {name}"


def _not_reserved(site: ProbeSite) -> Refusal | Unread | None:
    if isinstance(site.reserved, Unread):
        return site.reserved
    for part in site.reserved:
        if part.touches(site.address, site.address + 1):
            check = _RESERVED_CHECKS[part.kind]
            why = f"the instruction belongs to a {part.kind.value}: {check}()"
            return EINVAL, Evidence("reserved", why, part.low)
    return None


_RESERVED_CHECKS = {
    ReservedFor.JUMP_LABEL: "jump_label_text_reserved",
    ReservedFor.STATIC_CALL: "static_call_text_reserved",
    ReservedFor.BUG: "find_bug",
}


def _not_a_cfi_preamble(site: ProbeSite) -> Refusal | Unread | None:
    if isinstance(site.preamble, Unread):
        return site.preamble
    if not site.preamble:
        return None
    why = f"{site.function.name} is padding ahead of a function: is_cfi_preamble_symbol()"
    return EINVAL, Evidence("cfi-preamble", why, site.function.low)


def _ftrace_served(site: ProbeSite) -> Refusal | Evidence:
    if site.features.on_ftrace:
        return Evidence(
            "ftrace-site", "an ftrace site begins here: no boundary to check", site.address
        )
    why = "an ftrace site, on a kernel without CONFIG_KPROBES_ON_FTRACE"
    return EINVAL, Evidence("ftrace-site", why, site.address)


def _on_a_boundary(site: ProbeSite) -> Refusal | Evidence | Unread:
    if isinstance(site.body, Unread):
        return site.body
    found = site.body.at(site.address)
    if found is not None:
        return Evidence("boundary", f"an instruction begins here: {found.text}", site.address)
    return _off_the_boundary(site, site.body)


def _off_the_boundary(site: ProbeSite, body: Body) -> Refusal | Unread:
    over = body.over(site.address)
    if over is None:
        where = f"{body.stopped:#x}" if body.stopped is not None else "the function's end"
        return Unread(f"{site.function.name} could not be decoded beyond {where}")
    why = f"in the middle of an instruction, {over.text}: can_probe()"
    return EILSEQ, Evidence("boundary", why, over.address)


def _instruction_allows(site: ProbeSite) -> Refusal | Unread | None:
    found = site.body.at(site.address) if isinstance(site.body, Body) else None
    if found is None:
        return None
    return instruction_refusal(found, site.features, site.cfi_traps)
