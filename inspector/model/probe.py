# SPDX-License-Identifier: LGPL-2.1-or-later
"""The facts about a kprobe at an address, and the prediction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from inspector.model.evidence import Evidence, Missing, Unread
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.record import Kprobe, Mechanism
from inspector.model.stack import Location, TextRange

# What stands at an address where a kprobe might go: facts, and what could not be read of them.


class ReservedFor(Enum):
    """Owners that rewrite or look up an instruction."""

    JUMP_LABEL = "jump label"
    STATIC_CALL = "static call"
    BUG = "BUG() or WARN()"


@dataclass(frozen=True, slots=True)
class ReservedText:
    """The half-open text range ``[low, high)`` that belongs to one of them."""

    kind: ReservedFor
    low: int
    high: int

    def touches(self, low: int, high: int) -> bool:
        """Whether it shares a byte with ``[low, high)``."""
        return self.low < high and low < self.high


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction as it was before anybody patched it.

    :ivar text: in assembly
    :ivar prefixes: legacy prefixes, in no particular order
    :ivar opcode: one to three bytes, escape bytes included
    :ivar target: of a direct jump or call, else None
    """

    address: int
    size: int
    text: str
    prefixes: bytes
    opcode: bytes
    modrm: int | None = None
    target: int | None = None

    @property
    def end(self) -> int:
        """The address of the next one."""
        return self.address + self.size


@dataclass(frozen=True, slots=True)
class Body:
    """A function, decoded from its symbol on.

    :ivar stopped: where decoding met bytes that are no instruction, None if nowhere
    """

    instructions: tuple[Instruction, ...]
    stopped: int | None = None

    def at(self, address: int) -> Instruction | None:
        """The instruction that begins at ``address``, or None."""
        return next((i for i in self.instructions if i.address == address), None)

    def over(self, address: int) -> Instruction | None:
        """The instruction that has ``address`` among its bytes, or None."""
        return next((i for i in self.instructions if i.address <= address < i.end), None)


@dataclass(frozen=True, slots=True)
class KprobeFeatures:
    """What the kprobes of this kernel can do and check, told by its symbols and its text.

    :ivar available: there is a ``register_kprobe``
    :ivar on_ftrace: a probe on an ftrace site is called from there
    :ivar optprobes: an int3 can become a jump
    :ivar allowed: ``debug.kprobes-optimization`` is on
    :ivar all_disarmed: ``kprobes/enabled`` in debugfs is off
    :ivar emulates: instructions that cannot be stepped are emulated or refused (since 5.13)
    :ivar refuses_traps: INT and UD are refused, and more of the opcode groups 2 to 5 can run
        out of line (one series of commits, 6.9)
    :ivar refuses_cfi: instructions that load and compare kCFI's type are refused (6.6)
    :ivar slot_size: bytes that hold a copied instruction and, since 5.13, the int3 behind it
    :ivar indirect_jumps: an indirect jump in the function forbids optimisation
    :ivar thunks: where retpolines jump to, None where those are not looked for
    :ivar ftrace_first: inside an ftrace site is refused before all else (up to 5.18)
    :ivar ftrace_stores_zero: ``ftrace_regs_caller`` writes 0 to orig_ax
    :ivar events_on_notrace: tracefs and perf probe functions without an ftrace site too
    """

    available: bool = True
    on_ftrace: bool = True
    optprobes: bool = True
    allowed: bool | Unread = True
    all_disarmed: bool | Unread = False
    emulates: bool = True
    refuses_traps: bool | Unread = True
    refuses_cfi: bool | Unread = False
    slot_size: int | Unread = 15
    indirect_jumps: bool = True
    thunks: TextRange | None = None
    ftrace_first: bool = False
    ftrace_stores_zero: bool | Unread = True
    events_on_notrace: bool | Unread = False


@dataclass(frozen=True, slots=True)
class ProbeSite:
    """All facts that decide about a probe at one address.

    :ivar asked: the address that was asked for
    :ivar address: where the probe goes: past ENDBR, if that is what was asked for
    :ivar function: what kallsyms says that covers it, up to the next symbol
    :ivar text: the kernel text it is in, None where it is in none that a probe may touch
    :ivar blacklisted: the entry or section of the blacklist that has it, None where none has
    :ivar ftrace: the ftrace site that has it among its five bytes, None where none has
    :ivar traced: the function has an ftrace site, wherever
    :ivar reserved: what touches the bytes from ``address`` on that a jump could replace
    :ivar faulting: addresses in the function that have an exception-table entry
    :ivar cfi_traps: addresses near ``address`` where kCFI traps
    :ivar preamble: kallsyms calls it padding ahead of a function, ``__cfi_*`` or ``__pfx_*``
    :ivar unsettled: why it is not known whether the probe moves past an ENDBR, None if it is
    :ivar entry_text: it is in ``.entry.text``
    :ivar neighbours: enabled kprobes on the bytes just behind
    :ivar armed: the kprobe that is there already
    """

    asked: Location
    address: int
    function: TextRange
    features: KprobeFeatures
    text: TextRange | Unread | None
    blacklisted: TextRange | Unread | None
    ftrace: TextRange | Unread | None
    traced: bool | Unread
    reserved: tuple[ReservedText, ...] | Unread
    body: Body | Unread
    faulting: frozenset[int] | Unread
    cfi_traps: frozenset[int] | Unread = frozenset()
    preamble: bool | Unread = False
    unsettled: Unread | None = None
    entry_text: bool = False
    neighbours: tuple[int, ...] = ()
    armed: Kprobe | None = None


# What a kprobe would do: the answer of ``inspector probe``.


class ProbeOutcome(Enum):
    """The outcome of ``register_kprobe()``, or of optimising an int3."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rename:
    """A function that had another name.

    :ivar steps: oldest first: a name, and the release that brought it
    """

    asked: str
    found: str
    steps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """Whether the kprobe can be registered.

    :ivar errno: ``-EINVAL``, … of a refusal, else None
    :ivar unread: what leaves it open
    """

    outcome: ProbeOutcome
    errno: str | None
    evidence: tuple[Evidence, ...]
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Optimisation:
    """Whether an int3 becomes a jump.

    :ivar possible: the function allows it
    :ivar allowed: the kernel does, now: its sysctl; None if unknown
    """

    possible: ProbeOutcome
    allowed: bool | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class HandlerRegister:
    """What a register holds in the pre-handler.

    :ivar value: where it is the same for every hit, else None
    """

    register: str
    value: int | None
    meaning: Evidence


@dataclass(frozen=True, slots=True)
class NumberWay:
    """A way to the syscall number.

    :ivar name: short and stable
    :ivar how: what to write
    :ivar works: on this kernel
    :ivar here: at the very probe that was asked for
    """

    name: str
    how: str
    works: ProbeOutcome
    here: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """The prediction for a kprobe at one place.

    :ivar asked: as it was typed
    :ivar place: what was asked for, under the name that it has there
    :ivar location: where the probe goes: behind ENDBR, if ``place`` is one
    :ivar address: of ``location``; None if unknown whether ``place`` is an ENDBR
    :ivar mechanism: of the first hit, None for a probe that is refused
    :ivar optimisation: for int3 only
    :ivar events: whether tracefs, perf and bpftrace can set it too
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    """

    target: TargetIdentity
    kernel: KernelIdentity
    asked: str
    renamed: Rename | None
    place: Location
    location: Location
    address: int | None
    registration: Registration
    mechanism: Mechanism | None
    mechanism_evidence: tuple[Evidence, ...]
    optimisation: Optimisation | None
    events: Registration
    registers: tuple[HandlerRegister, ...]
    ways: tuple[NumberWay, ...]
    entry_offset: int
    notes: tuple[Evidence, ...] = ()
    missing: tuple[Missing, ...] = ()


# What code that gets the syscall number at a probe has to know.


class SnippetKind(Enum):
    """What the code is for; the values are the contract of ``--snippet``."""

    TRACEFS = "tracefs"
    BPFTRACE = "bpftrace"
    MODULE = "module"


class NumberArgument(Enum):
    """Which argument of the probed function leads to the number.

    The values are fetch arguments of a kprobe event (Documentation/trace/kprobetrace.rst).
    """

    ENTRY_FRAME = "+120(%di)"
    SECOND = "%si"
    FIRST = "%di"


@dataclass(frozen=True, slots=True)
class SnippetPlan:
    """Code for one place on one kernel.

    :ivar place: where to probe, as the kernel is told: it steps over ENDBR itself
    :ivar release: of that kernel
    :ivar argument: None where no argument of the function leads to the number
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    :ivar own_orig_ax: what the handler's own orig_ax is instead, in words
    """

    place: Location
    release: str
    argument: NumberArgument | None
    entry_offset: int
    own_orig_ax: str

    @property
    def symbol(self) -> str:
        """``MODULE:SYMBOL``, as kprobes take it; without the module for vmlinux."""
        module = f"{self.place.module}:" if self.place.module else ""
        return f"{module}{self.place.symbol}"

    @property
    def probed(self) -> str:
        """The symbol with its offset, if any."""
        return f"{self.symbol}+{self.place.offset:#x}" if self.place.offset else self.symbol


# What a kernel offers to one who looks for the syscall number.


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """Places that have the syscall number; None if the kernel lacks one.

    :ivar handler: a syscall's function that is given the entry frame: ``__x64_sys_*``
    :ivar dispatcher: ``x64_sys_call``
    :ivar entry: ``do_syscall_64``
    :ivar tracepoint: the address of raw_syscalls:sys_enter's ``struct tracepoint``
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    """

    handler: ProbeSite | None
    dispatcher: ProbeSite | None
    entry: ProbeSite | None
    tracepoint: int | Unread | None
    entry_offset: int


# As kprobes take it, and as an oops prints it (/SIZE): MODULE:SYMBOL+OFFSET.
_PLACE = re.compile(
    r"(?:(?P<module>[\w-]+):)?(?P<symbol>[A-Za-z_.$][\w.$]*)"
    r"(?:\+(?P<offset>0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9})(?:/0x[0-9a-fA-F]+)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ProbePlace:
    """Where the probe is to go.

    :ivar module: None for any
    :ivar text: as it was typed
    """

    symbol: str
    offset: int
    module: str | None
    text: str


def parse_place(text: str) -> ProbePlace:
    """:raises ValueError: if ``text`` is no place"""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} not a place for a probe; write SYMBOL or SYMBOL+OFFSET")
    offset = found["offset"] or "0"
    number = int(offset, 16) if offset[:2] in ("0x", "0X") else int(offset)
    return ProbePlace(found["symbol"], number, found["module"], text)
