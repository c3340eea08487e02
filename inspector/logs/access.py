# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory access that raised a frame's exception, from all that a log tells of it."""

from __future__ import annotations

import re

from inspector.explain.access import faulting_access, is_fault
from inspector.logs.block import RawFrame
from inspector.logs.told import Told, user_mode
from inspector.model.access import AccessFacts, BugPlace, FaultingAccess

_PAGE_FAULT = 14
# show_fault_oops(), arch/x86/mm/fault.c: CR2 as the handler was given it.
_CR2 = re.compile(
    r"(?:address:?|dereference(?: at)?|request(?: at)?|cr2) (?:0x)?([0-9a-f]{8,16}|\(null\))"
    r"(?![0-9a-z])"
)
# report_bug(), lib/bug.c; __warn(), kernel/panic.c, before 6.19 and since.
_BUG = re.compile(r"[Kk]ernel BUG at (\S+):(\d+)")
_WARNING = re.compile(r"WARNING: (?:CPU: \d+ PID: \d+ at )?(\S+):(\d+)\b")
_KASAN = re.compile(r"\bKASAN\b")


def told_access(raw: RawFrame, told: Told, error_code: int | None) -> FaultingAccess | None:
    """The access of an exception of kernel mode; None where no access made the frame."""
    said = raw.headline
    if not is_fault(told.vector) or user_mode(raw) is not False or said is None:
        return None
    facts = AccessFacts(
        vector=told.vector,
        error_code=error_code,
        cr2=fault_address(said.text) if told.vector == _PAGE_FAULT else None,
        kasan=bool(_KASAN.search(said.text)),
        bug=bug_in(said.text),
    )
    return faulting_access(raw.code[1] if raw.code else b"", raw.registers, facts)


def fault_address(headline: str) -> int | None:
    """CR2, as the line about a page fault has it."""
    found = _CR2.search(headline)
    if found is None:
        return None
    return 0 if found[1] == "(null)" else int(found[1], 16)


def bug_in(headline: str) -> BugPlace | None:
    """File and line of a BUG() or WARN(), as the log has them."""
    for pattern, warning in ((_BUG, False), (_WARNING, True)):
        if found := pattern.search(headline):
            return BugPlace(found[1], int(found[2]), warning)
    return None
