# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts for ``inspector probe``: names, sites, and what gives the syscall number."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from inspector.errors import InspectorError, NothingMatched
from inspector.kernel.facts import fact, variable
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.probe_sites import ProbeSites
from inspector.model.missing import Unread
from inspector.model.probe import NumberFacts, ProbeSite, Rename
from inspector.target.faults import reading
from inspector.target.target import Target

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

# Syscall handlers take the entry frame since 4.17, and say so by their names.
_HANDLER = "__x64_sys_"
_OLD_HANDLERS = ("sys_", "SyS_")
_HANDLERS_SINCE = "4.17"

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
        raise NothingMatched(f"no function is called {name}{where}{self._near(name)}")

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
    for prefix in _OLD_HANDLERS:
        if name.startswith(prefix):
            new = _HANDLER + name[len(prefix) :]
            chains.append(((name, ""), (new, _HANDLERS_SINCE)))
    return chains


# Facts for ``inspector probe``: names, sites, and what gives the syscall number.

_HANDLERS = ("__x64_sys_getpid", "__x64_sys_fork", "__x64_sys_read")  # any would do


@dataclass(frozen=True, slots=True)
class Place:
    """What a name and an offset lead to.

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

    def place(self, symbol: str, offset: int, module: str | None) -> Place:
        """:raises NothingMatched: if there is no such function, or nothing so far behind it"""
        found = self._names.find(symbol, module)
        address = found.addresses[0] + offset
        try:
            return Place(self._sites.at(address), found.renamed, len(found.addresses))
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
        """What this kernel offers to one who looks for the syscall number."""
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
