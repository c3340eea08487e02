# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dataset as a database: the tables ``dumps`` and ``frames``, and nothing else within reach."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset

from inspector.errors import NothingMatched, TargetError, UsageError
from inspector.fleet.dataset import DUMPS, FRAMES, check_dataset, part_files, path_digest
from inspector.model.fleet import Cell, Column, FleetTable, Scalar

# No file, no network, no extension, and no way to ask for one: SQL may be somebody else's.
_CLOSED = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


class Database:
    """An open dataset."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def ask(
        self,
        name: str,
        title: str,
        sql: str,
        values: Sequence[object] = (),
        bars: str | None = None,
    ) -> FleetTable:
        """The answer to a question of ours."""
        cursor = self._connection.execute(sql, values)
        columns = tuple(_column(entry) for entry in cursor.description or ())
        return FleetTable(name, title, columns, _rows(columns, cursor.fetchall()), bars)

    def ask_freely(self, sql: str) -> FleetTable:
        """The answer to one statement that only reads.

        :raises UsageError: if it is none, or the database refuses it
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in _READING:
                raise UsageError("--sql takes one statement that only reads, such as SELECT")
            return self.ask("sql", sql, sql)
        except duckdb.Error as error:
            raise UsageError(f"the database says: {error}") from None


@contextmanager
def open_dataset(directory: Path) -> Iterator[Database]:
    """:raises TargetError: if ``directory`` is no dataset, or a file of it is damaged"""
    check_dataset(directory)
    with duckdb.connect(":memory:") as connection:
        for name, schema in (("dumps", DUMPS), ("frames", FRAMES)):
            files = part_files(directory, name)
            table = (
                pyarrow.dataset.dataset(files, schema, format="parquet")
                if files
                else schema.empty_table()
            )
            connection.register(name, table)
        for statement in _CLOSED:
            connection.execute(statement)
        try:
            yield Database(connection)
        except (duckdb.IOException, OSError) as error:
            raise TargetError(f"{directory}: {error}") from None


def _column(entry: Sequence[Any]) -> Column:
    kind = str(entry[1])
    return Column(str(entry[0]), kind, kind in ("UBIGINT", "UBIGINT[]"))


def _rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        tuple(_cell(value, column.word) for value, column in zip(row, columns, strict=True))
        for row in rows
    )


def _cell(value: Any, word: bool) -> Cell:
    if isinstance(value, (list, tuple)):
        return tuple(_scalar(item, word) for item in value)
    return _scalar(value, word)


def _scalar(value: Any, word: bool) -> Scalar:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return f"{value:#x}" if word else value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return str(value)


@dataclass(frozen=True, slots=True)
class Question:
    """:ivar title: in words
    :ivar bars: the column whose numbers a picture shows
    """

    title: str
    sql: str
    bars: str | None = None


QUESTIONS: dict[str, Question] = {
    "summary": Question(
        "All in all",
        """
        SELECT count(*) AS dumps, count(*) FILTER (outcome <> 'read') AS unread,
               count(DISTINCT kernel) AS kernels, count(DISTINCT signature) AS signatures,
               count(*) FILTER (outcome = 'read' AND signature IS NULL) AS "no crash",
               coalesce(sum(frames), 0)::BIGINT AS frames,
               date_trunc('second', min(crashed_at)) AS first,
               date_trunc('second', max(crashed_at)) AS last
        FROM dumps
        """,
    ),
    "kernels": Question(
        "Which kernels there are",
        """
        SELECT kernel, count(*) AS dumps, count(DISTINCT signature) AS signatures,
               sum(frames)::BIGINT AS frames
        FROM dumps WHERE outcome = 'read' GROUP BY kernel ORDER BY dumps DESC, kernel
        """,
        "dumps",
    ),
    "signatures": Question(
        "What they died of: crashes with one signature",
        """
        SELECT signature, count(*) AS dumps, list_sort(list(DISTINCT kernel)) AS kernels,
               date_trunc('second', min(crashed_at)) AS first,
               date_trunc('second', max(crashed_at)) AS last,
               array_to_string(any_value(signature_parts), ' < ') AS what, min(dump) AS example
        FROM dumps WHERE signature IS NOT NULL
        GROUP BY signature ORDER BY dumps DESC, signature
        """,
        "dumps",
    ),
    "stuck": Question(
        "Syscalls that tasks were in: first those that no signal could end",
        """
        SELECT syscall, count(*) FILTER (hung) AS hung, count(*) AS tasks,
               count(DISTINCT key) AS dumps, list_sort(list(DISTINCT kernel)) AS kernels
        FROM frames WHERE entry AND syscall IS NOT NULL
        GROUP BY syscall ORDER BY hung DESC, tasks DESC, syscall
        """,
        "tasks",
    ),
    "origins": Question(
        "Origins of frames by kernel",
        """
        SELECT kernel, origin, count(*) AS frames, count(DISTINCT key) AS dumps
        FROM frames WHERE found_in = 'stack'
        GROUP BY ALL ORDER BY kernel, frames DESC, origin
        """,
        "frames",
    ),
    "unread": Question(
        "Dumps that could not be read",
        """
        SELECT dump, outcome, error, size, round(seconds, 1) AS seconds
        FROM dumps WHERE outcome <> 'read' ORDER BY outcome, dump
        """,
    ),
}

# Of two crashes: how many of all the parts that their signatures have they have in common.
_LIKE = """
    WITH one AS (
        SELECT key, signature, signature_parts AS parts, kernel
        FROM dumps WHERE starts_with(key, ? || '-') AND outcome = 'read'
    )
    SELECT dumps.dump, dumps.signature = one.signature AS same,
           round(
               len(list_intersect(dumps.signature_parts, one.parts))
               / len(list_distinct(list_concat(dumps.signature_parts, one.parts))), 2
           ) AS likeness,
           dumps.kernel, array_to_string(dumps.signature_parts, ' < ') AS what
    FROM dumps, one
    WHERE dumps.key <> one.key AND dumps.signature IS NOT NULL AND one.signature IS NOT NULL
      AND len(list_intersect(dumps.signature_parts, one.parts)) > 0
    ORDER BY same DESC, likeness DESC, dumps.kernel = one.kernel DESC, dumps.dump
"""
_IS_THERE = "SELECT signature FROM dumps WHERE starts_with(key, ? || '-') AND outcome = 'read'"


def answer(database: Database, name: str) -> FleetTable:
    """:param name: of :data:`QUESTIONS`"""
    question = QUESTIONS[name]
    return database.ask(name, question.title, question.sql, bars=question.bars)


def like(database: Database, real_path: str) -> FleetTable:
    """The dumps whose crash is like that of one of them, the likest first.

    :raises NothingMatched: if it is not among them, or did not crash
    """
    digest = path_digest(real_path)
    rows = database.ask("", "", _IS_THERE, [digest]).rows
    if not rows:
        raise NothingMatched(f"{real_path}: is not among the dumps that were read")
    if rows[0][0] is None:
        raise NothingMatched(f"{real_path}: has no signature, for no task panicked there")
    return database.ask("like", f"Dumps like {real_path}", _LIKE, [digest])
