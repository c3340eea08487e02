# SPDX-License-Identifier: LGPL-2.1-or-later
"""Statements against what is known without us: true, false, or nothing known.

What a statement of :mod:`inspector` says of a frame that the lab made is held against

- the guest's own module (``truth.json``): the frame's origin, pid, orig_ax, ip, sp and cx;
- the emulated CPU's log of its traps (``int.log``): vector, error code, privilege, CR2, segment
  selectors, flags and every working register of the interrupted code;
- the dump's memory and kernel symbols, read by drgn alone;
- what guest/framelab's own source does (``targets.S``, ``traps.c``).

Nothing here calls a rule of the product.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drgn import FaultError, Program
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms

Json = Mapping[str, Any]

SOFTWARE = {3: 1, 0x80: 2}  # the log has the instruction's own address; the CPU pushes the next
_DEVICES, _SYSTEM = range(0x20, 0xEB), range(0xEB, 0x100)
VECTORS: dict[str, Iterable[int]] = {
    "int80": (0x80,),
    "int3": (3,),
    "int3-step": (3,),
    "page-fault": (14,),
    "general-protection": (13,),
    "debug": (1,),
    "double-fault": (8,),
    "exception": (0, 4, 5, 6, 7, 9, 10, 11, 12, 16, 17, 19),
    "nmi": (2,),
    "irq": _DEVICES,
    "sysvec": _SYSTEM,
}
WORKING = ("ax", "bx", "cx", "dx", "si", "di", "bp", *(f"r{n}" for n in range(8, 16)))

_HEAD = re.compile(
    r"\s*\d+: v=(\w\w) e=(\w+) i=\d cpl=(\d) IP=(\w+):([0-9a-f]{16}) pc=\w+"
    r" SP=(\w+):([0-9a-f]{16})(?: CR2=([0-9a-f]{16}))?"
)
_PAIR = re.compile(r"([ER]\w\w?) ?=([0-9a-f]{8,16})")


@dataclass(slots=True)
class Trap:
    """One line of the log, and the registers behind it.

    :ivar ip: what the CPU pushed
    :ivar bits: 32 for 32-bit code, of which only the lower halves are printed
    """

    vector: int
    error: int
    cpl: int
    cs: int
    ip: int
    ss: int
    sp: int
    cr2: int | None
    registers: dict[str, int] = field(default_factory=dict)
    flags: int | None = None
    bits: int = 64

    def has(self, register: str, value: int) -> bool | None:
        """Whether the interrupted code had ``value`` there; None where the log does not say."""
        known = self.registers.get(register)
        if known is None:
            return None
        return known == (value if self.bits == 64 else value & 0xFFFF_FFFF)


def traps_of(text: str) -> Iterator[Trap]:
    """Every trap of a log."""
    trap: Trap | None = None
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head is not None:
            if trap is not None:
                yield trap
            vector = int(head[1], 16)
            ip = int(head[5], 16) + SOFTWARE.get(vector, 0)
            cr2 = int(head[8], 16) if head[8] else None
            trap = Trap(
                vector, int(head[2], 16), int(head[3]), int(head[4], 16), ip, int(head[6], 16),
                int(head[7], 16), cr2,
            )  # fmt: skip
        elif trap is not None:
            _read_registers(trap, line)
    if trap is not None:
        yield trap


def _read_registers(trap: Trap, line: str) -> None:
    for name, word in _PAIR.findall(line):
        if name[0] == "E":
            trap.bits = 32
        if name in ("RFL", "EFL"):
            trap.flags = int(word, 16)
        else:
            trap.registers[name.lower() if name[1].isdigit() else name[1:].lower()] = int(word, 16)


class World:
    """All that is known of one zoo."""

    def __init__(self, truth: Json, log: str, vmcore: Path) -> None:
        self.truth = {int(frame["address"], 16): frame for frame in truth["frames"]}
        self.negatives = {int(at, 16): kind for at, kind in truth["negatives"].items()}
        self._at: dict[tuple[int, int], list[Trap]] = defaultdict(list)
        self._by_sp: dict[int, list[Trap]] = defaultdict(list)
        for trap in traps_of(log):
            self._at[trap.ip, trap.sp].append(trap)
            self._by_sp[trap.sp].append(trap)
        self.prog = Program()
        self.prog.set_core_dump(vmcore)
        self._symbols = self._load_symbols()

    def _load_symbols(self) -> bool:
        try:
            index = load_vmlinux_kallsyms(self.prog)
        except (LookupError, ValueError):  # before 6.0 a dump does not say where they are
            return False
        self.prog.register_symbol_finder("kallsyms", index, enable_index=0)
        return True

    def word(self, address: int) -> int | None:
        data = self.bytes(address, 8)
        return None if data is None else int.from_bytes(data, "little")

    def bytes(self, address: int, size: int) -> bytes | None:
        try:
            return bytes(self.prog.read(address, size))
        except (FaultError, OverflowError):
            return None

    def symbols_at(self, address: int) -> set[str] | None:
        """The names of the code at ``address``; None where no symbols are to be had."""
        if not self._symbols:
            return None
        return {symbol.name for symbol in self.prog.symbols(address)}

    def trap_of(self, true: Json, frame: Json) -> Trap | None:
        """The trap that made a frame: the one at its place that is most like it."""
        vectors = VECTORS.get(true["origin"], ())
        ip, sp = (int(true["registers"][name], 16) for name in ("ip", "sp"))
        stepped = true["origin"] == "int3-step"  # resume_singlestep() has moved ip since
        there = self._by_sp.get(sp, []) if stepped else self._at.get((ip, sp), [])
        found = [trap for trap in there if trap.vector in vectors]
        return max(found, key=lambda trap: _likeness(trap, frame), default=None)


def _likeness(trap: Trap, frame: Json) -> int:
    words = frame["registers"]
    return sum(bool(words[n] and trap.has(n, int(words[n], 16))) for n in WORKING)


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer.

    :ivar frame: the frame that it is about, as the answer has it
    :ivar register: whose meaning it is, or None
    :ivar access: the access that it is about, or None
    """

    rule: str
    text: str
    address: int | None
    frame: Json
    register: str | None = None

    @property
    def value(self) -> int | None:
        """The register's value in the answer."""
        word = self.frame["registers"][self.register] if self.register else None
        return None if word is None else int(word, 16)


def claims_of(explained: Json) -> Iterator[Claim]:
    """Every statement of one ``inspector.explain/1``."""
    frame = explained["frame"]
    access = explained["access"]["statements"] if explained["access"] else []
    for told in (*frame["evidence"], *explained["story"], *access):
        yield _claim(told, frame, None)
    for told in explained["registers"]:
        if told["meaning"] is not None:
            yield _claim(told["meaning"], frame, told["register"])


def _claim(told: Json, frame: Json, register: str | None) -> Claim:
    address = None if told["address"] is None else int(told["address"], 16)
    return Claim(told["rule"], told["text"], address, frame, register)


@dataclass(slots=True)
class Tally:
    """Counts over any number of zoos of one kernel, by rule.

    :ivar made: statements
    :ivar checked: of them, those of which something is known
    :ivar false: of them, those that are not true
    :ivar refuted: statements that were moved to another frame, and found false there
    """

    made: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    refuted: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, claim: Claim, verdict: bool | None) -> None:
        """:param verdict: None where nothing is known"""
        self.made[claim.rule] += 1
        if verdict is None:
            return
        self.checked[claim.rule] += 1
        if not verdict:
            self.false[claim.rule] += 1
            where = f"{claim.frame['origin']} frame at {claim.frame['address']}"
            said = f"{claim.register}: {claim.text}" if claim.register else claim.text
            self.examples.setdefault(claim.rule, f"{where}: {said}")
