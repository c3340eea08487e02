# SPDX-License-Identifier: LGPL-2.1-or-later
"""One register's word as text."""

from __future__ import annotations

from inspector.model.absent import Why
from inspector.model.errno import errno_name
from inspector.model.frame import Frame
from inspector.model.registers import as_int64

_MAX_DECIMAL = 0xFFFF

# Short ones, for the cells of a table.
ABSENT_CELLS: dict[Why, str] = {
    Why.NEVER_WRITTEN: "unset",
    Why.UNREADABLE: "unreadable",
    Why.NOT_APPLICABLE: "n/a",
    Why.REDACTED: "redacted",
}

ABSENT_WORDS: dict[Why, str] = {
    Why.NEVER_WRITTEN: "never written",
    Why.UNREADABLE: "not readable",
    Why.NOT_APPLICABLE: "does not apply",
    Why.REDACTED: "redacted",
}


def register_word(value: int, decimal: bool) -> str:
    """A register's word in hexadecimal, or as a signed number."""
    return str(as_int64(value)) if decimal else hex_word(value)


def hex_word(value: int) -> str:
    """The whole word: nothing of it is ever left out."""
    return f"{value:#x}"


def short_word(frame: Frame, register: str) -> str:
    """orig_ax or ax for a table: a small number in decimal, an error by name, the rest in hex."""
    absent = frame.absent.get(register)
    if absent is not None:
        return ABSENT_CELLS[absent.why]
    value = frame.registers[register]
    signed = as_int64(value)
    error = errno_name(value) if register == "ax" and frame.origin.is_syscall else None
    if error:
        return error
    return str(signed) if -_MAX_DECIMAL <= signed <= _MAX_DECIMAL else hex_word(value)
