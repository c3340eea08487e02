# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file of records: ``inspector.records/1``, read and written."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import functools
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from inspector.errors import RecordError
from inspector.model.access import Context
from inspector.model.evidence import Missing
from inspector.model.frame import Frame
from inspector.model.machine import KernelIdentity
from inspector.model.record import Record, RecordProbe
from inspector.model.registers import REGISTER_NAMES, Registers

# Values of the model as JSON, and back: what comes in is held against the types.
#
# An object has exactly the fields of its dataclass; an enum is its member's name in lower case;
# bytes are base64. An integer of more than 53 bits is a ``"0x…"`` string, as are registers.

_T = TypeVar("_T")

_EXACT_IN_JSON = 1 << 53
_HEX = re.compile(r"0x[0-9a-f]{1,16}", re.ASCII)
_LONGEST_TEXT = 4096
_MOST_ITEMS = 1 << 16
_NAMED = {name: name for name in REGISTER_NAMES}


def encode(value: object) -> Any:
    """``value`` as what :mod:`json` takes."""
    if isinstance(value, Registers):
        return {name: f"{word:#x}" for name, word in value.items()}
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return {field.name: encode(getattr(value, field.name)) for field in fields}
    if isinstance(value, enum.Flag):
        return value.value
    if isinstance(value, enum.Enum):
        return _member_name(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {_key(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if type(value) is int and abs(value) >= _EXACT_IN_JSON:
        return f"{value:#x}"
    return value


def _key(key: object) -> object:
    return _member_name(key) if isinstance(key, enum.Enum) else key


def decode(wanted: type[_T], data: object, path: str = "") -> _T:
    """``data``, which :mod:`json` gave, as a value of type ``wanted``.

    :param path: where it stands, for the error
    :raises RecordError: naming the place that does not fit
    """
    value: _T = _decode(wanted, data, path)
    return value


def _decode(wanted: Any, data: object, path: str) -> Any:
    origin = typing.get_origin(wanted)
    if origin in (typing.Union, types.UnionType):
        return _optional(wanted, data, path)
    if origin is tuple:
        return _items(typing.get_args(wanted)[0], data, path)
    if origin is not None and issubclass(origin, Mapping):
        key, inner = typing.get_args(wanted)
        return _mapping(key, inner, data, path)
    if wanted is Registers:
        return _registers(data, path)
    if dataclasses.is_dataclass(wanted):
        return _object(wanted, data, path)
    if issubclass(wanted, enum.Flag):
        return _flags(wanted, data, path)
    if issubclass(wanted, enum.Enum):
        return _member(wanted, data, path)
    return _SIMPLE[wanted](data, path)


def _optional(wanted: Any, data: object, path: str) -> Any:
    (inner,) = (part for part in typing.get_args(wanted) if part is not type(None))
    return None if data is None else _decode(inner, data, path)


def _items(inner: Any, data: object, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list) or len(data) > _MOST_ITEMS:
        raise _misfit(path, f"is not a list of at most {_MOST_ITEMS}")
    return tuple(_decode(inner, item, f"{path}[{i}]") for i, item in enumerate(data))


def _mapping(key: Any, inner: Any, data: object, path: str) -> dict[Any, Any]:
    """By an enum's members, or by registers: no other mapping is in the model."""
    keys = {_member_name(m): m for m in key} if key is not str else _NAMED
    found = _keys(data, path)
    if found.keys() - keys.keys():
        raise _misfit(path, "has an unknown key")
    return {keys[name]: _decode(inner, item, f"{path}.{name}") for name, item in found.items()}


def _registers(data: object, path: str) -> Registers:
    found = _keys(data, path)
    if found.keys() != set(REGISTER_NAMES):
        raise _misfit(path, "is not the 21 registers")
    return Registers(**{name: _word(found[name], f"{path}.{name}") for name in REGISTER_NAMES})


def _object(wanted: Any, data: object, path: str) -> Any:
    found, hints = _keys(data, path), _hints(wanted)
    if found.keys() != hints.keys():
        odd = sorted(found.keys() ^ hints.keys())[0]
        known = "lacks" if odd in hints else "has the unknown"
        raise _misfit(path, f"{known} key {odd[:40]!a}")
    return wanted(**{n: _decode(hint, found[n], f"{path}.{n}") for n, hint in hints.items()})


@functools.cache
def _hints(wanted: Any) -> dict[str, Any]:
    # A frame's module imports this one for checkers alone: most frames have no record.
    return typing.get_type_hints(wanted, localns={"Record": Record})


def _keys(data: object, path: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _misfit(path, "is not an object")
    return data


def _flags(wanted: type[enum.Flag], data: object, path: str) -> enum.Flag:
    known = functools.reduce(lambda one, other: one | other.value, wanted, 0)
    number = _integer(data, path)
    if number & ~known:
        raise _misfit(path, "has unknown flags")
    return wanted(number)


def _member(wanted: type[enum.Enum], data: object, path: str) -> enum.Enum:
    for member in wanted:
        if data == _member_name(member):
            return member
    raise _misfit(path, "is not one of the allowed words")


def _member_name(member: enum.Enum) -> str:
    return member.name.lower().replace("_", "-")


def _word(data: object, path: str) -> int:
    number = _integer(data, path)
    if number < 0:
        raise _misfit(path, "is not a 64-bit word")
    return number


def _integer(data: object, path: str) -> int:
    if isinstance(data, str) and _HEX.fullmatch(data):
        return int(data, 16)
    if type(data) is not int or abs(data) >= _EXACT_IN_JSON:
        raise _misfit(path, 'is neither an integer nor a "0x…" of 64 bits')
    return data


def _text(data: object, path: str) -> str:
    if not isinstance(data, str) or len(data) > _LONGEST_TEXT or not data.isprintable():
        raise _misfit(path, f"is not printable text of at most {_LONGEST_TEXT} characters")
    return data


def _truth(data: object, path: str) -> bool:
    if not isinstance(data, bool):
        raise _misfit(path, "is neither true nor false")
    return data


def _bytes(data: object, path: str) -> bytes:
    try:
        return base64.b64decode(data if isinstance(data, str) else "!", validate=True)
    except (binascii.Error, ValueError):
        raise _misfit(path, "is not base64") from None


_SIMPLE: dict[Any, Any] = {int: _integer, str: _text, bool: _truth, bytes: _bytes}


def _misfit(path: str, what: str) -> RecordError:
    return RecordError(f"{path.lstrip('.') or 'the document'} {what}")


# A file of records: ``inspector.records/1``, read and written.
#
# It is what :class:`SavedRecords` says, as :mod:`inspector.formats.records` writes it, with the key
# ``schema`` ahead; docs/records.md describes it. Whoever reads one trusts nothing in it.

SCHEMA = "inspector.records/1"
LARGEST_FILE = 128 << 20  # bytes: a full ring of the largest slices is below it


@dataclass(frozen=True, slots=True)
class SavedFrame:
    """A named frame, whose ``record`` is None here, and its surroundings."""

    frame: Frame
    context: Context


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """One hit.

    :ivar entry: None for a kernel thread
    """

    record: Record
    given: SavedFrame
    entry: SavedFrame | None


@dataclass(frozen=True, slots=True)
class SavedRecords:
    """Everything that was recorded on one kernel.

    :ivar kernel: which ran
    :ivar hits: that asked for a slot of the ring
    :ivar missing: what could not be read when this was saved
    """

    kernel: KernelIdentity
    probes: tuple[RecordProbe, ...]
    hits: int
    lost: int
    torn: int
    records: tuple[SavedRecord, ...]
    missing: tuple[Missing, ...]


def saved_text(saved: SavedRecords) -> str:
    """The file's whole text."""
    return json.dumps({"schema": SCHEMA, **encode(saved)}, indent=1) + "\n"


def parse_saved(data: bytes) -> SavedRecords:
    """Read the text of a file of records.

    :raises RecordError: if it is no such file, of another version, or contradicts itself
    """
    if len(data) > LARGEST_FILE:
        raise RecordError(
            f"is larger than {LARGEST_FILE >> 20} MiB, the most a file of records may have"
        )
    content = _document(data)
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        raise RecordError(
            f"is not a file of records: its schema is {str(schema)[:40]!a}, not {SCHEMA}"
        )
    saved = decode(SavedRecords, content)
    _check(saved)
    return saved


def _document(data: bytes) -> dict[str, object]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):  # UnicodeDecodeError is one; so is a number too long
        raise RecordError("is not a file of records: not JSON, or cut short") from None
    if not isinstance(content, dict):
        raise RecordError("is not a file of records")
    return content


def _check(saved: SavedRecords) -> None:
    """Check that parts which belong together agree (types cannot say that)."""
    for i, kept in enumerate(saved.records):
        record = kept.record
        if record.probe not in saved.probes:
            raise RecordError(f"records[{i}] is of a probe that the file does not list")
        if kept.given.frame.registers != record.frame:
            raise RecordError(f"records[{i}]: the frame is not the one that was recorded")
        if (kept.entry is None) != (record.entry is None):
            raise RecordError(
                f"records[{i}]: the entry frame is there in one part and not in the other"
            )
        if kept.entry is not None and kept.entry.frame.registers != record.entry:
            raise RecordError(f"records[{i}]: the entry frame is not the one that was recorded")
    indexes = [kept.record.index for kept in saved.records]
    if indexes != sorted(set(indexes)):
        raise RecordError("the records are not in order, or one is there twice")
