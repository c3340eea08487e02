# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dataset as a database that can read the tables ``dumps`` and ``frames``, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset

from inspector.errors import TargetError, UsageError
from inspector.fleet.dataset import DUMPS, FRAMES, check_dataset, part_files
from inspector.model.fleet import Cell, Column, FleetTable, Scalar

# No file, network or extension: the SQL may be somebody else's.
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
        """Answer one of the ready questions."""
        cursor = self._connection.execute(sql, values)
        columns = tuple(_column(entry) for entry in cursor.description or ())
        return FleetTable(name, title, columns, _rows(columns, cursor.fetchall()), bars)

    def ask_freely(self, sql: str) -> FleetTable:
        """Answer one statement that only reads.

        :raises UsageError: if ``sql`` is not one, or the database refuses it
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in _READING:
                raise UsageError("--sql: not one statement that only reads; give one SELECT")
            return self.ask("sql", sql, sql)
        except duckdb.Error as error:
            raise UsageError(f"--sql: {error}") from None


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
