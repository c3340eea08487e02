# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values. Frozen, slotted, typed; nothing is read here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TypeVar

_Value = TypeVar("_Value")

# Fields of values that hold an address, or a word of memory, however small it is.
_ADDRESSES = frozenset(
    {"address", "entry_address", "high", "ip", "low", "pc", "raw", "sp", "value"}
)
_BEYOND_NUMBERS = 1 << 32


class _Hex(int):
    """A number whose repr is hexadecimal."""

    def __repr__(self) -> str:
        return f"{int(self):#x}"


def hex_repr(cls: type[_Value]) -> type[_Value]:
    """Class decorator of a dataclass: its repr, rich's too, shows addresses in hexadecimal."""
    names = [field.name for field in fields(cls) if field.repr]  # type: ignore[arg-type]
    every = cls.__name__ == "Registers"

    def shown(name: str, value: object) -> object:
        if type(value) is not int:
            return value
        return _Hex(value) if every or name in _ADDRESSES or value >= _BEYOND_NUMBERS else value

    def rich_repr(self: object) -> Iterator[tuple[str, object]]:
        for name in names:
            yield name, shown(name, getattr(self, name))

    def plain_repr(self: object) -> str:
        return (
            f"{cls.__name__}({', '.join(f'{name}={value!r}' for name, value in rich_repr(self))})"
        )

    cls.__repr__ = plain_repr  # type: ignore[method-assign]
    cls.__rich_repr__ = rich_repr  # type: ignore[attr-defined]
    return cls
