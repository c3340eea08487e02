# SPDX-License-Identifier: LGPL-2.1-or-later
"""Strings of a target are chosen by whoever made it: nothing in them may steer a terminal."""

from __future__ import annotations


def safe(text: str) -> str:
    """``text`` with everything unprintable escaped: controls, overrides, lone surrogates."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
