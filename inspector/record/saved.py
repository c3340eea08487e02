# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file of records: ``inspector.records/1``, read and written.

It is what :class:`SavedRecords` says, as :mod:`inspector.record.codec` writes it, with the key
``schema`` ahead; docs/records.md describes it. Whoever reads one trusts nothing in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from inspector.errors import RecordError
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.kernel import KernelIdentity
from inspector.model.missing import Missing
from inspector.model.record import Record, RecordProbe
from inspector.record.codec import decode, encode

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
    """What a file holds.

    :raises RecordError: if it is no such file, of another version, or contradicts itself
    """
    if len(data) > LARGEST_FILE:
        raise RecordError(f"is larger than {LARGEST_FILE >> 20} MiB: no file of records")
    content = _document(data)
    schema = content.pop("schema", None)
    if schema != SCHEMA:
        raise RecordError(
            f"is no file of records: its schema is {str(schema)[:40]!a}, not {SCHEMA}"
        )
    saved = decode(SavedRecords, content)
    _check(saved)
    return saved


def _document(data: bytes) -> dict[str, object]:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):  # UnicodeDecodeError is one; so is a number too long
        raise RecordError("is no file of records: not JSON, or cut short") from None
    if not isinstance(content, dict):
        raise RecordError("is no file of records")
    return content


def _check(saved: SavedRecords) -> None:
    """What types do not say: that parts which belong together do."""
    for i, kept in enumerate(saved.records):
        record = kept.record
        if record.probe not in saved.probes:
            raise RecordError(f"records[{i}] is of a probe that the file does not list")
        if kept.given.frame.registers != record.frame:
            raise RecordError(f"records[{i}]: the frame is not the one that was recorded")
        if (kept.entry is None) != (record.entry is None):
            raise RecordError(f"records[{i}]: the entry frame is there once, and once not")
        if kept.entry is not None and kept.entry.frame.registers != record.entry:
            raise RecordError(f"records[{i}]: the entry frame is not the one that was recorded")
    indexes = [kept.record.index for kept in saved.records]
    if indexes != sorted(set(indexes)):
        raise RecordError("the records are not in order, each once")
