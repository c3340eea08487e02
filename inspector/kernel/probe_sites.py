# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gathers what decides about a kprobe at an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from inspector.decoder import decode
from inspector.errors import TargetError
from inspector.kernel.endbr import ENDBR, ENDBR_SIZE
from inspector.kernel.facts import fact
from inspector.kernel.ftrace_sites import FtraceSites
from inspector.kernel.kprobe_blacklist import KprobeBlacklist
from inspector.kernel.kprobe_features import kprobe_features, skips_endbr
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.original_text import OriginalText
from inspector.kernel.reserved_text import relative_addresses, reserved_text
from inspector.kernel.text import TextOwner, function_at, section
from inspector.model.probe_site import Body, KprobeFeatures, ProbeSite, TextRange, Unread
from inspector.model.symbol import Location
from inspector.target.target import Target

_Fact = TypeVar("_Fact")

_LONGEST_JUMP_AREA = 20  # MAX_OPTIMIZED_LENGTH, asm/kprobes.h: four bytes and one instruction
_LONGEST_FUNCTION = 1 << 20  # the largest of a distribution's kernel is below 64 KiB


class ProbeSites:
    """Reads sites of one target; what all of them need is read once."""

    def __init__(self, target: Target, kprobes: Kprobes) -> None:
        self._target = target
        self._kprobes = kprobes

    @cached_property
    def features(self) -> KprobeFeatures:
        """What the kprobes of this kernel can do."""
        return kprobe_features(self._target)

    def at(self, asked: int) -> ProbeSite:
        """The site of a probe that was asked for at ``asked``.

        :raises TargetError: if no symbol covers it
        """
        location, function = function_at(self._target, asked)
        address = self._adjusted(location, function)
        owner = fact("the module", lambda: TextOwner(self._target, location.module))
        body = fact(f"the text of {function.name}", lambda: self._body(function))
        of_function = self._sites.of_function(self._entry(function), function)
        return ProbeSite(
            asked=location,
            address=address,
            function=function,
            features=self.features,
            text=_of("where text is", owner, lambda found: _around(address, found.text())),
            blacklisted=self._blacklist.at(address),
            ftrace=self._ftrace(address, of_function),
            traced=of_function if isinstance(of_function, Unread) else of_function is not None,
            reserved=_of(
                "the tables of jump labels, static calls and BUG()",
                owner,
                lambda found: reserved_text(
                    self._target, found, address, address + _LONGEST_JUMP_AREA
                ),
            ),
            body=body,
            faulting=_of(
                "the exception table", owner, lambda found: self._faulting(found, function)
            ),
            entry_text=self._in_entry_text(address),
            neighbours=self._original.enabled_within(address + 1, address + _LONGEST_JUMP_AREA),
            armed=self._kprobes.by_address.get(address),
        )

    @cached_property
    def _blacklist(self) -> KprobeBlacklist:
        return KprobeBlacklist(self._target)

    @cached_property
    def _sites(self) -> FtraceSites:
        return FtraceSites(self._target)

    @cached_property
    def _original(self) -> OriginalText:
        return OriginalText(self._target, self._sites)

    def _adjusted(self, location: Location, function: TextRange) -> int:
        """arch_adjust_kprobe_addr(): a probe on a function's ENDBR goes behind it."""
        return location.address if location.offset else self._entry(function)

    def _entry(self, function: TextRange) -> int:
        if not skips_endbr(self._target):
            return function.low
        first = fact("ENDBR", lambda: self._target.read(function.low, ENDBR_SIZE))
        return function.low + ENDBR_SIZE if first in ENDBR else function.low

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
            raise TargetError(f"{function.name}: {size} bytes are no function")
        return decode(self._original.read(function), function.low)

    def _faulting(self, owner: TextOwner, function: TextRange) -> frozenset[int]:
        entry = "struct exception_table_entry"
        found = relative_addresses(self._target, *owner.table(entry), entry, "insn")
        return frozenset(address for address in found if address in function)

    def _in_entry_text(self, address: int) -> bool:
        part = section(self._target, "__entry_text_start", "__entry_text_end", ".entry.text")
        return part is not None and address in part


def _around(address: int, part: TextRange | None) -> TextRange | None:
    return part if part is not None and address in part else None


def _of(what: str, owner: TextOwner | Unread, read: Callable[[TextOwner], _Fact]) -> _Fact | Unread:
    return owner if isinstance(owner, Unread) else fact(what, lambda: read(owner))
