# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads one fact, and says so where the target does not hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.model.missing import Unread
from inspector.target.target import Target

_Fact = TypeVar("_Fact")


def fact(what: str, read: Callable[[], _Fact]) -> _Fact | Unread:
    """What ``read`` returns; ``what`` it is, where it cannot be read."""
    try:
        return read()
    except InspectorError as error:
        return unread(what, error)


def unread(what: str, error: InspectorError) -> Unread:
    """The fact that ``what`` is not there."""
    if isinstance(error, Unreadable):
        return Unread(f"{what}: not in this target ({error.address:#x})", error.rule)
    return Unread(f"{what}: {error}", error.rule)


def variable(target: Target, symbol: str) -> int | None:
    """The address of the variable ``symbol``; None where the kernel was built without it.

    :raises TargetError: if the symbols have no variables, and so cannot tell
    """
    address = target.symbols.address_of(symbol)
    if address is None and not target.symbols.have_variables:
        raise TargetError(
            f"{symbol}: the symbols have no variables (CONFIG_KALLSYMS_ALL is off); give"
            " --system-map, or --vmlinux with its symbols",
            "no-variables",
        )
    return address
