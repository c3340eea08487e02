# SPDX-License-Identifier: LGPL-2.1-or-later
"""VMCOREINFO: what the kernel says of itself to whoever reads its dump."""

from __future__ import annotations

from drgn import Program

from inspector.errors import TargetError


def vmcoreinfo(prog: Program) -> dict[str, str]:
    """Its ``KEY=VALUE`` lines; ``SYMBOL(x)`` and the like are keys as they stand.

    :raises TargetError: if the program has none
    """
    try:
        text = prog["VMCOREINFO"].string_().decode("ascii", "replace")
    except LookupError:
        raise TargetError("no VMCOREINFO note: it does not say which kernel it is") from None
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
