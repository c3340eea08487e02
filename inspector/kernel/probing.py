# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts for ``inspector probe``: names, sites, and what gives the syscall number."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from inspector.errors import InspectorError, NothingMatched
from inspector.kernel.facts import fact, variable
from inspector.kernel.function_names import FunctionNames
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.probe_sites import ProbeSites
from inspector.model.number_facts import NumberFacts
from inspector.model.probe_answer import Rename
from inspector.model.probe_site import ProbeSite, Unread
from inspector.target.target import Target

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
