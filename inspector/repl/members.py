# SPDX-License-Identifier: LGPL-2.1-or-later
"""Members of what a dotted Python expression names, told from types: no memory is read."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from collections.abc import Iterator
from typing import Any

import drgn

# A name, then members and constant indexes; what a call would return is not known.
_CHAIN = re.compile(r"([A-Za-z_]\w*)((?:\s*\.\s*[A-Za-z_]\w*|\[\d+\])*)\s*\.\s*(\w*)$")
_STEP = re.compile(r"\.\s*([A-Za-z_]\w*)|\[(\d+)\]")
_NAME = re.compile(r"(?:^|[^\w.])([A-Za-z_]\w*)$")

_OURS = "inspector.model."  # values: nothing is read when they are looked into

_COMPOUND = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)

Found = tuple[str, list[tuple[str, str]]]
"""What was typed of the name, and (name, what it is) of those it can become."""


def python_candidates(text: str, names: dict[str, Any]) -> Found | None:
    """What can stand at the end of ``text``; None where that is not known."""
    chain = _CHAIN.search(text)
    if chain is not None:
        value = _resolve(names.get(chain[1], _UNKNOWN), chain[2])
        return None if value is _UNKNOWN else (chain[3], list(_attributes(value, chain[3])))
    name = _NAME.search(text)
    if name is None:
        return None
    return name[1], [(each, "") for each in _names(names) if each.startswith(name[1])]


class _Unknown:
    pass


_UNKNOWN = _Unknown()


def _resolve(value: object, steps: str) -> object:
    """The value, or for a drgn object the type, that ``steps`` lead to."""
    current = value.type_ if isinstance(value, drgn.Object) else value
    for member, _index in _STEP.findall(steps):
        if isinstance(current, drgn.Type):
            current = _member_type(current, member) if member else _pointed_to(current)
        else:
            current = _attribute(current, member) if member else _UNKNOWN
    return current


def _attribute(value: object, name: str) -> object:
    """What ``value.name`` is, if no code has to run for it; of a drgn object its type."""
    if type(value).__module__.startswith(_OURS):
        found = getattr(value, name, _UNKNOWN)
    else:
        found = inspect.getattr_static(value, name, _UNKNOWN)
        found = _UNKNOWN if inspect.isdatadescriptor(found) else found
    return found.type_ if isinstance(found, drgn.Object) else found


def _attributes(value: object, typed: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, drgn.Type):
        for name, type_name in _members(value):
            if name.startswith(typed):
                yield name, type_name
        value = drgn.Object
    for name in dir(value):
        if name.startswith(typed) and (typed.startswith("_") or not name.startswith("_")):
            yield name, ""


def _members(type_: drgn.Type) -> Iterator[tuple[str, str]]:
    """Those of a struct or union, or of what a pointer points to; of nameless ones, theirs."""
    compound = _compound(type_)
    if compound is None or compound.members is None:
        return
    for member in compound.members:
        if member.name is None:
            yield from _members(member.type)
        else:
            yield member.name, member.type.type_name()


def _member_type(type_: drgn.Type, name: str) -> object:
    compound = _compound(type_)
    try:
        return _UNKNOWN if compound is None else compound.member(name).type
    except LookupError:
        return _UNKNOWN


def _compound(type_: drgn.Type) -> drgn.Type | None:
    plain = _without_typedefs(type_)
    if plain.kind is drgn.TypeKind.POINTER:
        plain = _without_typedefs(plain.type)
    return plain if plain.kind in _COMPOUND else None


def _pointed_to(type_: drgn.Type) -> object:
    plain = _without_typedefs(type_)
    return plain.type if plain.kind in (drgn.TypeKind.POINTER, drgn.TypeKind.ARRAY) else _UNKNOWN


def _without_typedefs(type_: drgn.Type) -> drgn.Type:
    while type_.kind is drgn.TypeKind.TYPEDEF:
        type_ = type_.type
    return type_


def _names(names: dict[str, Any]) -> list[str]:
    return sorted({*names, *dir(builtins), *keyword.kwlist})
