# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a dying guest said on its second serial port (guest/mishap/witness.c), as values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# struct pt_regs, in its own order.
REGISTERS = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8"),
    *("ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueFrame:
    """A frame that the kernel was given.

    :ivar what: "die" (of a die notifier), "nmi" (that nobody knows), "irq" (get_irq_regs())
    :ivar error: of a die: the error code, and what CR2 held then
    """

    what: str
    address: str
    cpu: int
    pid: int
    comm: str | None
    error: str | None
    cr2: str | None
    registers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """panic() was entered.

    :ivar caller: the address after the call
    """

    cpu: int
    pid: int
    comm: str
    caller: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathTruth:
    """:ivar entries: entry frame's address → pid, of every user task
    :ivar machine_checks: CPU → the address where a machine check pushes its frame
    :ivar spinning: CPU and pid of a task that takes no interrupts
    """

    frames: tuple[TrueFrame, ...]
    panics: tuple[Panic, ...]
    entries: Mapping[str, int]
    machine_checks: Mapping[str, str]
    spinning: tuple[int, int] | None

    def values(self) -> dict[str, object]:
        return asdict(self)


def parse_death_truth(text: str) -> DeathTruth:
    """
    :raises ValueError: if a line is none of witness.c's
    """
    parsing = _Parsing()
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        getattr(parsing, f"on_{word}")(rest)
    return parsing.truth()


class _Parsing:
    def __init__(self) -> None:
        self._words: dict[str, dict[str, str]] = {}
        self._frames: list[dict[str, Any]] = []
        self._panics: list[dict[str, Any]] = []
        self._entries: dict[str, int] = {}
        self._slots: dict[str, str] = {}
        self._spinning: tuple[int, int] | None = None

    def truth(self) -> DeathTruth:
        return DeathTruth(
            frames=tuple(
                TrueFrame(**frame, registers=self._words[frame["address"]])
                for frame in self._frames
            ),
            panics=tuple(Panic(**panic) for panic in self._panics),
            entries=self._entries,
            machine_checks=self._slots,
            spinning=self._spinning,
        )

    def on_die(self, rest: str) -> None:
        self._entries = {}  # told anew: an oops may have been survived
        address, cpu, pid, error, cr2, comm = rest.split(" ", 5)
        self._frame("die", address, cpu, pid, comm, f"0x{error}", f"0x{cr2}")

    def on_nmi(self, rest: str) -> None:
        address, cpu, pid = rest.split(" ")
        self._frame("nmi", address, cpu, pid)

    def on_irq(self, rest: str) -> None:
        address, cpu, pid = rest.split(" ")
        self._frame("irq", address, cpu, pid)

    def _frame(self, what: str, address: str, cpu: str, pid: str, *more: str) -> None:
        comm, error, cr2 = more or (None, None, None)
        frame = {"what": what, "address": f"0x{address}", "cpu": int(cpu), "pid": int(pid)}
        self._frames.append({**frame, "comm": comm, "error": error, "cr2": cr2})

    def on_words(self, rest: str) -> None:
        address, *words = rest.split(" ")
        named = zip(REGISTERS, words, strict=True)
        self._words[f"0x{address}"] = {name: f"0x{word}" for name, word in named}

    def on_panic(self, rest: str) -> None:
        self._entries = {}
        cpu, pid, caller, comm = rest.split(" ", 3)
        who = {"cpu": int(cpu), "pid": int(pid), "comm": comm}
        self._panics.append({**who, "caller": f"0x{caller}", "message": ""})

    def on_message(self, rest: str) -> None:
        self._panics[-1]["message"] = rest

    def on_task(self, rest: str) -> None:
        pid, address = rest.split(" ")
        self._entries[f"0x{address}"] = int(pid)

    def on_mce(self, rest: str) -> None:
        address, cpu = rest.split(" ")
        self._slots[cpu] = f"0x{address}"

    def on_spinning(self, rest: str) -> None:
        cpu, pid, _ = rest.split(" ", 2)
        self._spinning = int(cpu), int(pid)

    def on_end(self, rest: str) -> None:
        """Of one telling; another may follow."""

    def on_(self, rest: str) -> None:
        """A message that ended its own line."""
