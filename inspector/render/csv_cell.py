# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text that somebody else chose, in a cell of a spreadsheet."""

from __future__ import annotations

from inspector.render.safe import safe

# What makes a spreadsheet take a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str | None) -> str | None:
    """``text`` as a cell that is nothing but text."""
    if text is None:
        return None
    printable = safe(text)
    return f"'{printable}" if printable.startswith(_FORMULA) else printable
