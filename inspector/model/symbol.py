# SPDX-License-Identifier: LGPL-2.1-or-later
"""An address as kallsyms names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """``symbol + offset``, in a module or (``module`` is None) in vmlinux."""

    address: int
    symbol: str
    offset: int
    module: str | None = None

    def __str__(self) -> str:
        text = f"{self.symbol}+{self.offset:#x}" if self.offset else self.symbol
        return f"{text} [{self.module}]" if self.module else text
