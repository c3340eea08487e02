# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers that somebody's own printk names, such as ``orig_ax regs:0  ax:18446…``."""

from __future__ import annotations

import re

from inspector.model.oops import Shape
from inspector.oops.headlines import Headline
from inspector.oops.lines import Line
from inspector.oops.raw import RawFrame

_TOKEN = re.compile(
    r"(?<![\w>.])(?P<prefix>(?:pt_)?regs?(?:->|\.)|%)?"
    r"(?P<name>orig_?[re]?ax|r?(?:ax|bx|cx|dx|si|di|bp|sp|ip)|r(?:8|9|1[0-5])|[re]?flags|cs|ss)"
    r"(?:[ _]regs?)?\s*(?:[:=]+|is)\s*"
    r"(?P<value>0[xX][0-9a-fA-F]{1,16}|-?[0-9a-fA-F]{1,20})(?![\w.:])",
    re.IGNORECASE,
)
_STRONG = re.compile(r"orig_?[re]?ax|r(?:ax|bx|cx|dx|si|di|bp|sp|ip|8|9|1[0-5])", re.IGNORECASE)
_WORD_DIGITS = 16
_LIMIT = 1 << 64
_SEGMENTS = ("cs", "ss")
# asm/segment.h; none of them, read in the other base, is another one
_SELECTORS = (0, 0x10, 0x18, 0x23, 0x2B, 0x33)


def printed_registers(text: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """Register → word, and which of them may be of another base; empty if the line has none.

    A line with a single name that is also an ordinary word ("flags: 2") is left alone.
    """
    told: dict[str, int] = {}
    guessed: list[str] = []
    strong = False
    for token in _TOKEN.finditer(text):
        name = _canonical(token["name"])
        value, sure = _selector(token["value"]) if name in _SEGMENTS else _number(token["value"])
        if value is None:
            continue
        told.setdefault(name, value)
        strong |= bool(token["prefix"] or _STRONG.fullmatch(token["name"]))
        if not sure:
            guessed.append(name)
    return (told, tuple(guessed)) if strong or len(told) > 1 else ({}, ())


class Printed:
    """Lines of one printk after another: together they tell one frame."""

    def __init__(self, line: Line, under: Headline | None) -> None:
        self._line, self._last = line.number, line.number
        self._under = under
        self._told: dict[str, int] = {}
        self._guessed: tuple[str, ...] = ()

    def takes(self, line: Line, told: dict[str, int], guessed: tuple[str, ...]) -> bool:
        """False if the line is too far away, or says again what was said."""
        if line.number > self._last + 1 or not told.keys().isdisjoint(self._told):
            return False
        self._told.update(told)
        self._guessed += guessed
        self._last = line.number
        return True

    def closed(self) -> RawFrame:
        """The frame that the lines made."""
        return RawFrame(
            self._line,
            Shape.PRINTED,
            self._told,
            under=self._under,
            guessed=self._guessed,
        )


def _canonical(name: str) -> str:
    lower = name.lower().replace("_", "")
    if lower.startswith("orig"):
        return "orig_ax"
    if lower.endswith("flags"):
        return "flags"
    return lower[1:] if lower.startswith("r") and lower[1:].isalpha() else lower


def _selector(text: str) -> tuple[int | None, bool]:
    """A selector is one of a few, whatever the base."""
    for base in (16, 10):
        try:
            value = int(text, base) & 0xFFFF
        except ValueError:
            continue
        if value in _SELECTORS:
            return value, True
    return None, True


def _number(text: str) -> tuple[int | None, bool]:
    """The word, and whether its base is beyond doubt."""
    if text[:2].lower() == "0x":
        return int(text, 16), True
    digits = text.removeprefix("-")
    if len(digits) == _WORD_DIGITS or not digits.isdecimal():
        if text != digits or len(digits) > _WORD_DIGITS:
            return None, True
        return int(digits, 16), True
    value = int(text)
    if not -_LIMIT // 2 <= value < _LIMIT:
        return None, True
    return value % _LIMIT, value <= 9
