# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gathers what decides about a kprobe at an address."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from inspector.errors import TargetError
from inspector.formats.x86 import decode
from inspector.kernel.facts import fact
from inspector.kernel.ftrace import FtraceSites
from inspector.kernel.instructions import ENDBR, ENDBR_SIZE, OriginalText
from inspector.kernel.kprobe_features import KprobeBlacklist, kprobe_features, skips_endbr
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.reserved_text import TextTables
from inspector.kernel.text import TextOwner, function_at, section
from inspector.model.missing import Unread
from inspector.model.probe import Body, KprobeFeatures, ProbeSite
from inspector.model.stack import TextRange
from inspector.target.target import Target

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
            raise TargetError(f"{function.name}: {size} bytes are no function")
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
