# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `inspector explain` says of the access that killed, against the emulated CPU's log. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TRAP = re.compile(r"v=(\w+) e=(\w+) i=\w+ cpl=\d IP=\w+:(\w+) pc=\w+ SP=\w+:(\w+)(?: CR2=(\w+))?")
_PAGE_FAULT = 14
_WRITE, _FETCH = 2, 16  # arch/x86/include/asm/trap_pf.h

# What is true of the places in guest/mishap that a death is made at.
RULES = {
    "null": "first-page",
    "protection": "list-poison",
    "overflow": "guard-page",
    "bug": "bug-table",
    "warn": "bug-table",
    "list": "bug-table",
    "call-null": "null-offset",
    "nested": "bug-table",
}


def wrong_with_access(death: str, log: str, answer: Any) -> Iterator[str]:
    """What is wrong with ``answer``, of ``inspector explain --format json``.

    :param log: of QEMU, ``-d int``
    """
    frame, access = answer["frame"], answer["access"]
    ip, sp = (int(frame["registers"][name], 16) for name in ("ip", "sp"))
    traps = [
        (int(code, 16), int(cr2 or "0", 16))
        for vector, code, there, stack, cr2 in _TRAP.findall(log)
        if (int(vector, 16), int(there, 16), int(stack, 16)) == (frame["vector"], ip, sp)
    ]
    if not traps:
        yield f"the CPU took no exception {frame['vector']} at {ip:#x}"
        return
    if access is None:
        yield "no access"
        return
    rules = {item["rule"] for item in access["statements"]}
    yield from (f"it says {rule}" for rule in rules if rule.endswith("contradicts"))
    wanted = RULES.get(death) or RULES["null"] if death.startswith("null") else RULES.get(death)
    if wanted and wanted not in rules:
        yield f"no {wanted} among {sorted(rules)}"
    if frame["vector"] == _PAGE_FAULT:
        yield from _wrong_with_fault(traps[-1], access, rules)


def _wrong_with_fault(trap: tuple[int, int], access: Any, rules: set[str]) -> Iterator[str]:
    code, cr2 = trap
    kind = "execute" if code & _FETCH else "write" if code & _WRITE else "read"
    if (access["address"], access["kind"]) != (f"{cr2:#x}", kind):
        yield f"a {access['kind']} at {access['address']}, not a {kind} at {cr2:#x}"
    if access["instruction"] and kind != "execute" and "cr2-agrees" not in rules:
        yield f"CR2 is not held against {access['instruction']}"
