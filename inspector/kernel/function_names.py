# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions by name, by an older or a newer name, and what comes near."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from inspector.errors import NothingMatched
from inspector.model.probe_answer import Rename
from inspector.target.faults import reading
from inspector.target.target import Target

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
