# SPDX-License-Identifier: LGPL-2.1-or-later
"""The facts that decide about a kprobe at an address, and the site of a name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TypeVar

from inspector.errors import InspectorError, NothingMatched, TargetError
from inspector.facts.uapi import HANDLER, HANDLERS_SINCE, OLD_HANDLERS
from inspector.formats.x86 import decode
from inspector.kernel.ftrace import FtraceSites
from inspector.kernel.instructions import ENDBR, ENDBR_SIZE, OriginalText
from inspector.kernel.kprobe_features import KprobeBlacklist, kprobe_features, skips_endbr
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.reserved_text import TextTables
from inspector.kernel.text import TextOwner, function_at, section
from inspector.model.evidence import Unread
from inspector.model.probe import Body, KprobeFeatures, NumberFacts, ProbeSite, Rename
from inspector.model.stack import TextRange
from inspector.target.faults import fact, reading
from inspector.target.target import Target, variable

# Gathers what decides about a kprobe at an address.

_Fact = TypeVar("_Fact")

_LONGEST_JUMP_AREA = 20  # MAX_OPTIMIZED_LENGTH, asm/kprobes.h: four bytes and one instruction
_PREAMBLES = ("__cfi_", "__pfx_")
_LONGEST_CFI_CHECK = 32  # bytes from a check's first instruction to behind its trap
_LONGEST_FUNCTION = 1 << 20  # the largest of a distribution's kernel is below 64 KiB


class _Owner:
    """vmlinux or a module, asked once."""

    def __init__(self, target: Target, module: str | None) -> None:
        self._owner = TextOwner(target, module)
        self.tables = TextTables(target, self._owner)

    @cached_property
    def text(self) -> TextRange | None:
        return self._owner.text()


class ProbeSites:
    """Reads sites of one target; what all of them need is read once."""

    def __init__(self, target: Target, kprobes: Kprobes) -> None:
        self._target = target
        self._kprobes = kprobes
        self._owners: dict[str | None, _Owner | Unread] = {}

    @cached_property
    def features(self) -> KprobeFeatures:
        """What the kprobes of this kernel can do."""
        return kprobe_features(self._target)

    def at(self, asked: int) -> ProbeSite:
        """The site of a probe that was asked for at ``asked``.

        :raises TargetError: if no symbol covers it
        """
        location, function = function_at(self._target, asked)
        entry = self._entry(function)
        unsettled = entry if isinstance(entry, Unread) and not location.offset else None
        # arch_adjust_kprobe_addr(): a probe on a function's ENDBR goes behind it.
        address = asked if location.offset or isinstance(entry, Unread) else entry
        owner = self._owner(location.module)
        body = fact(f"the text of {function.name}", lambda: self._body(function))
        of_function = self._sites.of_function(
            None if isinstance(entry, Unread) else entry, function
        )
        return ProbeSite(
            asked=location,
            address=address,
            function=function,
            features=self.features,
            text=_of("where text is", owner, lambda found: _around(address, found.text)),
            blacklisted=self._blacklist.at(address),
            ftrace=self._ftrace(address, of_function),
            traced=of_function if isinstance(of_function, Unread) else of_function is not None,
            reserved=_of(
                "the tables of jump labels, static calls and BUG()",
                owner,
                lambda found: found.tables.reserved(address, address + _LONGEST_JUMP_AREA),
            ),
            body=body,
            faulting=_of(
                "the exception table",
                owner,
                lambda found: found.tables.faulting(function.low, function.high),
            ),
            cfi_traps=_of(
                "the traps of kCFI",
                owner,
                lambda found: found.tables.cfi_traps(address, address + _LONGEST_CFI_CHECK),
            ),
            preamble=self._preamble(function),
            unsettled=unsettled,
            entry_text=self._in_entry_text(address),
            neighbours=self._original.enabled_within(address + 1, address + _LONGEST_JUMP_AREA),
            armed=self._kprobes.by_address.get(address),
        )

    def read_tables(self) -> tuple[Unread, ...]:
        """Read what decides about probes in any function of vmlinux, its text aside.

        :returns: what could not be read
        """
        owner = self._owner(None)
        read: tuple[object, ...] = (
            fact("ftrace's records", self._sites.read_all),
            self._sites.unread,
            self._blacklist.unread,
            _of("where text is", owner, lambda found: found.text),
            _of("the tables of text", owner, lambda found: found.tables.read_all()),
        )
        return tuple(found for found in read if isinstance(found, Unread))

    @cached_property
    def _blacklist(self) -> KprobeBlacklist:
        return KprobeBlacklist(self._target)

    @cached_property
    def _sites(self) -> FtraceSites:
        return FtraceSites(self._target)

    @cached_property
    def _original(self) -> OriginalText:
        return OriginalText(self._target, self._sites)

    def _owner(self, module: str | None) -> _Owner | Unread:
        if module not in self._owners:
            self._owners[module] = fact("the module", lambda: _Owner(self._target, module))
        return self._owners[module]

    def _entry(self, function: TextRange) -> int | Unread:
        """A function's first instruction, its ENDBR aside."""
        low, behind = function.low, function.low + ENDBR_SIZE
        if not skips_endbr(self._target):
            return low
        first = fact(f"ENDBR of {function.name}", lambda: self._target.certain(low, ENDBR_SIZE))
        if not isinstance(first, Unread):
            return behind if first in ENDBR else low
        # The compiler puts fentry right there, so a site tells as well.
        sites = fact("ftrace's records", lambda: self._sites.within(low, function.high))
        if not isinstance(sites, Unread) and sites and sites[0] in (low, behind):
            return sites[0]
        return first

    def _ftrace(
        self, address: int, of_function: TextRange | Unread | None
    ) -> TextRange | Unread | None:
        found = self._sites.at(address)
        if not isinstance(found, Unread) or isinstance(of_function, Unread):
            return found
        return of_function if of_function is not None and address in of_function else None

    def _body(self, function: TextRange) -> Body:
        size = function.high - function.low
        if not 0 < size <= _LONGEST_FUNCTION:
            raise TargetError(f"{function.name}: {size} bytes are not a function")
        return decode(self._original.read(function), function.low)

    def _preamble(self, function: TextRange) -> bool | Unread:
        """is_cfi_preamble_symbol(), by the first of the names that an address has.

        scripts/kallsyms.c puts those with fewer underscores in front first.
        """
        if not function.name.startswith(_PREAMBLES):
            return False
        names = self._target.symbols.names_at(function.low)
        others = [name for name in names if not name.startswith(_PREAMBLES)]
        if any(not name.startswith("__") for name in others):
            return False
        if not others:
            return True
        return Unread(f"which of {', '.join(sorted(names))} kallsyms gives", "structure-unknown")

    def _in_entry_text(self, address: int) -> bool:
        part = section(self._target, "__entry_text_start", "__entry_text_end", ".entry.text")
        return part is not None and address in part


def _around(address: int, part: TextRange | None) -> TextRange | None:
    return part if part is not None and address in part else None


def _of(what: str, owner: _Owner | Unread, read: Callable[[_Owner], _Fact]) -> _Fact | Unread:
    return owner if isinstance(owner, Unread) else fact(what, lambda: read(owner))


# Facts for ``inspector probe``: names, sites, and what gives the syscall number.

# Functions by name, by an older or a newer name, and what comes near.

# Oldest first: a name, and the release that brought it ("" for the first one).
CHAINS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("do_fork", ""), ("_do_fork", "4.2"), ("kernel_clone", "5.10")),
    (("do_page_fault", ""), ("exc_page_fault", "5.8")),
    (("do_general_protection", ""), ("exc_general_protection", "5.8")),
    (("do_int3", ""), ("exc_int3", "5.8")),
    (("do_nmi", ""), ("exc_nmi", "5.8")),
    (("do_IRQ", ""), ("common_interrupt", "5.8")),
    (("smp_apic_timer_interrupt", ""), ("sysvec_apic_timer_interrupt", "5.8")),
    (("int3", ""), ("asm_exc_int3", "5.8")),
    (("page_fault", ""), ("asm_exc_page_fault", "5.8")),
)

_MOST_NEAR = 5


@dataclass(frozen=True, slots=True)
class Found:
    """:ivar addresses: of every symbol that has the name, ascending
    :ivar renamed: None where the name is the one that was asked for
    """

    addresses: tuple[int, ...]
    renamed: Rename | None = None


class FunctionNames:
    """The names of one target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def find(self, name: str, module: str | None = None) -> Found:
        """What is called ``name``, or was or will be in another release.

        :raises NothingMatched: naming what comes near
        """
        addresses = self._addresses(name, module)
        if addresses:
            return Found(addresses)
        for chain in _chains_of(name):
            for other, _since in reversed(chain):
                if found := self._addresses(other, None):
                    return Found(found, Rename(name, other, chain))
        where = f" in module {module}" if module else ""
        raise NothingMatched(f"no function {name}{where}{self._near(name)}")

    def _addresses(self, name: str, module: str | None) -> tuple[int, ...]:
        if module is None:
            return tuple(self._target.symbols.addresses_of(name))
        address = self._target.symbols.address_of(name, module)
        return () if address is None else (address,)

    def _near(self, name: str) -> str:
        with reading("the kernel's symbols"):
            names = {symbol.name for symbol in self._target.prog.symbols()}
        plain = name.strip("_").lower()
        if not plain:
            return ""
        holding = sorted((n for n in names if plain in n.lower()), key=lambda n: (len(n), n))
        # Comparing with every name takes seconds: those of a similar length and beginning do.
        alike = [n for n in names if abs(len(n) - len(name)) <= 2 and n[:2] == name[:2]]
        close = get_close_matches(name, alike, _MOST_NEAR)
        near = list(dict.fromkeys((*close, *holding)))[:_MOST_NEAR]
        return f"; near it: {', '.join(near)}" if near else ""


def _chains_of(name: str) -> list[tuple[tuple[str, str], ...]]:
    chains = [chain for chain in CHAINS if name in dict(chain)]
    for prefix in OLD_HANDLERS:
        if name.startswith(prefix):
            new = HANDLER + name[len(prefix) :]
            chains.append(((name, ""), (new, HANDLERS_SINCE)))
    return chains


# Facts for ``inspector probe``: names, sites, and what gives the syscall number.

_HANDLERS = tuple(HANDLER + name for name in ("getpid", "fork", "read"))  # any would do


@dataclass(frozen=True, slots=True)
class NamedSite:
    """The site of a name and an offset.

    :ivar same_name: how many functions have the name
    """

    site: ProbeSite
    renamed: Rename | None
    same_name: int


class Probing:
    """Of one target."""

    def __init__(self, target: Target, kprobes: Kprobes, entry_offset: int) -> None:
        self._target = target
        self._entry_offset = entry_offset
        self._names = FunctionNames(target)
        self._sites = ProbeSites(target, kprobes)

    def place(self, symbol: str, offset: int, module: str | None) -> NamedSite:
        """:raises NothingMatched: if there is no such function, or the offset is beyond it"""
        found = self._names.find(symbol, module)
        address = found.addresses[0] + offset
        try:
            return NamedSite(self._sites.at(address), found.renamed, len(found.addresses))
        except InspectorError as error:
            raise NothingMatched(str(error)) from None

    def read_all(self, names: Collection[str]) -> tuple[Unread, ...]:
        """Read what decides about any probe, and the text of the functions called ``names``.

        :returns: what of the tables could not be read
        """
        for name in names:
            for address in self._target.symbols.addresses_of(name):
                with suppress(InspectorError):  # its text is not in the dump
                    self._sites.at(address)
        return self._sites.read_tables()

    @cached_property
    def number_facts(self) -> NumberFacts:
        """The places on this kernel that have the syscall number."""
        handlers = (site for name in _HANDLERS if (site := self._site(name)) is not None)
        return NumberFacts(
            next(handlers, None),
            self._site("x64_sys_call"),
            self._site("do_syscall_64"),
            fact("sys_enter", lambda: variable(self._target, "__tracepoint_sys_enter")),
            self._entry_offset,
        )

    def _site(self, symbol: str) -> ProbeSite | None:
        address = self._target.symbols.address_of(symbol)
        if address is None:
            return None
        try:
            return self._sites.at(address)
        except InspectorError:
            return None
