# SPDX-License-Identifier: LGPL-2.1-or-later
"""``fleet compare``: count what a set of dumps holds, and how two sets differ."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from inspector.errors import TargetError
from inspector.fleet.database import Database, open_dataset
from inspector.fleet.dataset import job_of, make_dataset
from inspector.fleet.reading import read_apart
from inspector.model.fleet import ChangeKind, ComparedSet, Comparison, SetChange
from inspector.queries.report import Step

Counts = Mapping[str, Mapping[str, int]]
"""Aspect → item → count; an aspect that no dump of the set records is absent."""

# In the order of the answer.
_ASPECTS = {
    "signature": """
        SELECT signature || ' ' || array_to_string(any_value(signature_parts), ' < ') AS item,
               count(*) AS n
        FROM dumps WHERE signature IS NOT NULL GROUP BY signature""",
    "kernel": "SELECT kernel AS item, count(*) AS n FROM dumps GROUP BY kernel",
    "unread": """
        SELECT outcome AS item, count(*) AS n FROM dumps
        WHERE outcome <> 'read' GROUP BY outcome""",
    "taint": """
        SELECT unnest(string_split(nullif(taint, ''), '')) AS item, count(*) AS n
        FROM dumps GROUP BY item""",
    "module": "SELECT unnest(modules) AS item, count(*) AS n FROM dumps GROUP BY item",
    "probe": "SELECT unnest(probes) AS item, count(*) AS n FROM dumps GROUP BY item",
    "origin": """
        SELECT origin AS item, count(*) AS n FROM frames
        WHERE found_in = 'stack' GROUP BY origin""",
    "hung in": """
        SELECT syscall AS item, count(*) AS n FROM frames WHERE entry AND hung GROUP BY syscall""",
    "syscall": """
        SELECT syscall AS item, count(*) AS n FROM frames WHERE entry GROUP BY syscall""",
    "interrupted": """
        SELECT origin || ' in ' || regexp_replace(interrupted, '[+]0x[0-9a-f]+', '') AS item,
               count(*) AS n
        FROM frames WHERE found_in = 'stack' GROUP BY item""",
}
# Facts that a dump may lack: unknown is not the same as none.
_TOLD = {"taint": "SELECT count(taint) FROM dumps", "module": "SELECT count(modules) FROM dumps"}
_SIZE = """
    SELECT count(*) FILTER (outcome = 'read'), count(*) FILTER (outcome <> 'read') FROM dumps
"""


def compared(left: Path, right: Path, step: Step, *, seconds: float, memory: int) -> Comparison:
    """Compare two sets; each is a dataset or a dump.

    :param step: is told what is being done
    :param seconds: how long the reading of one dump may take
    :param memory: how many bytes the reading of one dump may take
    :raises TargetError: if one is neither a dataset nor a dump that can be read
    """
    step(f"reading {left}")
    with _database(left, seconds, memory) as database:
        one, in_one = _compared_set(database, str(left)), _counts(database)
    step(f"reading {right}")
    with _database(right, seconds, memory) as database:
        other, in_other = _compared_set(database, str(right)), _counts(database)
    found = tuple(changes(one, in_one, other, in_other))
    return Comparison(one, other, found, unknown(in_one, in_other))


@contextmanager
def _database(path: Path, seconds: float, memory: int) -> Iterator[Database]:
    if path.is_dir():
        with open_dataset(path) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="inspector-") as directory:
        dataset = Path(directory) / "dataset"
        make_dataset(dataset)
        read_apart(job_of(os.path.realpath(path), str(dataset), seconds, memory), "")
        with open_dataset(dataset) as database:
            _check_read(database, path)
            yield database


def _check_read(database: Database, path: Path) -> None:
    ((error,),) = database.ask("error", "", "SELECT error FROM dumps").rows
    if error is not None:
        text = str(error)
        raise TargetError(text if text.startswith(str(path)) else f"{path}: {text}")


def _counts(database: Database) -> Counts:
    """Count every aspect."""
    return {
        aspect: _items(database, sql) for aspect, sql in _ASPECTS.items() if _told(database, aspect)
    }


def _told(database: Database, aspect: str) -> bool:
    return aspect not in _TOLD or database.ask(aspect, "", _TOLD[aspect]).rows != ((0,),)


def _items(database: Database, sql: str) -> dict[str, int]:
    found = {}
    for item, number in database.ask("", "", sql).rows:
        if item is not None:
            assert isinstance(number, int)
            found[str(item)] = number
    return found


def _compared_set(database: Database, name: str) -> ComparedSet:
    """Count the dumps of a set: those read, and those that could not be read."""
    ((read, unread),) = database.ask("size", "", _SIZE).rows
    assert isinstance(read, int)
    assert isinstance(unread, int)
    return ComparedSet(name, read, unread)


def changes(
    left: ComparedSet, left_counts: Counts, right: ComparedSet, right_counts: Counts
) -> Iterator[SetChange]:
    """List what differs by aspect; within one: new, gone, changed, the most frequent first."""
    for aspect in _ASPECTS:
        if aspect in left_counts and aspect in right_counts:
            one, other = left_counts[aspect], right_counts[aspect]
            found = []
            for item in one.keys() | other.keys():
                numbers = one.get(item, 0), other.get(item, 0)
                kind = _kind(numbers, (left.dumps, right.dumps))
                found += [SetChange(aspect, item, kind, *numbers)] if kind else []
            yield from sorted(found, key=_rank)


def unknown(left_counts: Counts, right_counts: Counts) -> tuple[str, ...]:
    """Aspects that cannot be compared, because one of the sets does not record them."""
    return tuple(a for a in _ASPECTS if a not in left_counts or a not in right_counts)


def _kind(numbers: tuple[int, int], dumps: tuple[int, int]) -> ChangeKind | None:
    if not numbers[0]:
        return ChangeKind.NEW
    if not numbers[1]:
        return ChangeKind.GONE
    same = numbers[0] * (dumps[1] or 1) == numbers[1] * (dumps[0] or 1)
    return None if same else ChangeKind.CHANGED


def _rank(change: SetChange) -> tuple[int, int, str]:
    return [*ChangeKind].index(change.kind), -(change.left + change.right), change.item
