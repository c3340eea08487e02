# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers that a line names: of a printk, a debugger, a tracer (``orig_ax regs:0  ax:184…``)."""

from __future__ import annotations

import re

from inspector.logs.block import RawFrame
from inspector.logs.headlines import Headline
from inspector.logs.lines import Line
from inspector.model.oops import Shape

_NAME = (
    r"orig_?[re]?ax|orax|r?(?:ax|bx|cx|dx|si|di|bp|sp|ip)|r(?:0?8|0?9|1[0-5])|[re]?flags|efl|cs|ss"
)
_TOKEN = re.compile(
    r"(?<![\w>.$@-])(?P<prefix>(?:pt_)?regs?(?:->|\.)|ctx(?:->|\.)|%)?['\"]?\.?"
    rf"(?P<name>{_NAME})['\"]?"
    r"(?:[ _]regs?)?\s*(?:[:=]+|is)\s*(?P<cast>\((?:unsigned |long|int|short|u\d+|__u\d+| )+\))?\s*"
    r"(?P<value>0[xX][0-9a-fA-F]{1,16}|-?[0-9a-fA-F]{1,20})(?![\w.:])",
    re.IGNORECASE,
)
# gdb: "rip            0xffffffff81060f06      0xffffffff81060f06 <native_safe_halt+6>"
_GDB = re.compile(
    r"(?P<name>orig_rax|r(?:ax|bx|cx|dx|si|di|bp|sp|ip|8|9|1[0-5])|eflags|cs|ss)\s+"
    r"(?P<value>0x[0-9a-f]{1,16})(?:\s+(?:-?\d+|0x[0-9a-f]+.*|\[.*\]|\(.*\)))?\s*$"
)
_STRONG = re.compile(r"orig_?[re]?ax|r(?:ax|bx|cx|dx|si|di|bp|sp|ip|8|9|1[0-5])", re.IGNORECASE)
_CHEAP = re.compile(
    r"(?:[a-z]x|[sib]p|[sd]i|[cs]s)['\"]?\s*[:=]|fla|r\d|ax|reg| is ", re.IGNORECASE
)
_NOT_OURS = re.compile(
    r"\bguest\b|\(XEN\)|\bvcpu|\*\*\* (?:Guest|Host)|Sysenter|\brIP:|\bIP:? ?\[|"
    r"traps: PANIC|\bvirtual address|Internal error|\bspec_ctrl|segfault at",
    re.IGNORECASE,
)
_WORD_DIGITS = 16
_LIMIT = 1 << 64
_SEGMENTS = ("cs", "ss")
# asm/segment.h; none of them, read in the other base, is another one
_SELECTORS = (0, 0x10, 0x18, 0x23, 0x2B, 0x33)
_ALL = 20  # registers of a whole struct


def printed_registers(text: str, weak: bool = False) -> tuple[dict[str, int], tuple[str, ...]]:
    """Register → word, and which of them may be of another base; empty if the line has none.

    A line with a single name that is also an ordinary word ("flags: 2") is left alone.

    :param weak: such a line counts, too: the line before it told a register
    """
    if _NOT_OURS.search(text):
        return {}, ()
    if found := _GDB.match(text.lstrip()):
        name = _canonical(found["name"])
        return {name: int(found["value"], 16)}, ()
    told: dict[str, int] = {}
    guessed: list[str] = []
    strong = False
    for token in _TOKEN.finditer(text):
        name = _canonical(token["name"])
        value, sure = _selector(token["value"]) if name in _SEGMENTS else _number(token["value"])
        if value is None or name in told:
            continue
        told[name] = value
        strong |= bool(token["prefix"] or token["cast"] or _STRONG.fullmatch(token["name"]))
        if not sure and not token["cast"]:
            guessed.append(name)
    if not strong and not weak and len(told) < 2:
        return {}, ()
    return told, () if len(told) >= _ALL else tuple(guessed)


class Printed:
    """Lines of one printk after another: together they tell one frame."""

    def __init__(self, line: Line, under: Headline | None) -> None:
        self.last = line.number
        self._raw = RawFrame(line.number, Shape.PRINTED, under=under, reader="print")
        self._single = 0  # lines with one register each, as a debugger prints a struct

    def takes(self, line: Line, told: dict[str, int], guessed: tuple[str, ...]) -> bool:
        """False if the line is too far away, or says again what was said."""
        if line.number > self.last + 1 or not told.keys().isdisjoint(self._raw.registers):
            return False
        self._raw.registers.update(told)
        self._raw.guessed += guessed
        self._single += len(told) == 1
        self.last = line.number
        return True

    def closed(self) -> RawFrame | None:
        """The frame that the lines made; None where a lone word was none."""
        if len(self._raw.registers) >= _ALL:
            self._raw.guessed = ()  # a whole struct in one base, and that base is decimal
        weak = not self._raw.registers.keys() - {"flags", "cs", "ss"}
        return None if weak and len(self._raw.registers) < 2 else self._raw


def may_print(text: str) -> bool:
    """Whether it is worth to look for registers in the line."""
    return bool(_CHEAP.search(text) or (text[:1] in "rec" and _GDB.match(text)))


def _canonical(name: str) -> str:
    lower = name.lower().replace("_", "")
    if lower.startswith("or"):
        return "orig_ax"
    if lower.endswith("flags") or lower == "efl":
        return "flags"
    if lower in ("r08", "r09"):
        return f"r{lower[2]}"
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
