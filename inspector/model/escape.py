# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes of a target as printable text: whoever made them may be an enemy."""

from __future__ import annotations


def escape_bytes(raw: bytes) -> str:
    r"""``raw`` as printable text: invalid bytes as ``\xNN``, backslash doubled.

    Controls (C0, C1, DEL) and bidirectional overrides become ``\xNN`` or
    ``\uNNNN`` too: such text reaches terminals.
    """
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # what surrogateescape made of an invalid byte
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
