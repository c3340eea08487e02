# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values that cannot exist, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from inspector.kernel.syscall_names import names
from inspector.model.syscall import Abi

_MAX_NUMBER = (1 << 31) - 1  # do_syscall_64() takes an int, and a negative one is no syscall


def no_such_syscall(value: str) -> str | None:
    """The problem with ``value`` as a syscall's name or decimal number, None if there is none.

    Every number that user space can pass is one: a task may well be in a call that no table
    of this package has.
    """
    if value.isascii() and value.isdigit():
        return None if int(value) <= _MAX_NUMBER else f"{value}: no syscall number; below 2**31"
    known = {name for abi in Abi for name in names(abi).values()}
    if value in known:
        return None
    return f"{value}: no such syscall; {_nearest(value, known) or 'name one as in syscalls(2)'}"


def _nearest(value: str, known: Iterable[str]) -> str:
    found = get_close_matches(value, sorted(known), n=4, cutoff=0.4)
    return f"nearest: {', '.join(found)}" if found else ""
