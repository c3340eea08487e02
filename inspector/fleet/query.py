# SPDX-License-Identifier: LGPL-2.1-or-later
"""``fleet query``: ask a dataset the ready questions, or one in SQL."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import NothingMatched
from inspector.fleet.database import Database, open_dataset
from inspector.fleet.dataset import path_digest
from inspector.model.fleet import FleetTable


def tables(
    dataset: Path, question: str | None = None, like: Path | None = None, sql: str | None = None
) -> tuple[FleetTable, ...]:
    """Answer one question, or every ready one if none is named.

    :param question: a name of :data:`QUESTIONS`
    :param like: the dump whose crash is compared with the others
    :param sql: one statement that only reads
    :raises TargetError: if ``dataset`` is not a dataset, or a file of it is damaged
    :raises NothingMatched: if ``like`` is not in it, or did not crash
    :raises UsageError: if the database refuses ``sql``
    """
    with open_dataset(dataset) as database:
        if sql is not None:
            return (database.ask_freely(sql),)
        if like is not None:
            return (_like(database, os.path.realpath(like)),)
        asked = QUESTIONS if question is None else (question,)
        return tuple(_answer(database, name) for name in asked)


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
        "Overview",
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
        "Kernels",
        """
        SELECT kernel, count(*) AS dumps, count(DISTINCT signature) AS signatures,
               sum(frames)::BIGINT AS frames
        FROM dumps WHERE outcome = 'read' GROUP BY kernel ORDER BY dumps DESC, kernel
        """,
        "dumps",
    ),
    "signatures": Question(
        "Crashes by signature",
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
        "Syscalls that tasks were in; uninterruptible ones first",
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

# Likeness of two crashes: the share of their signatures' parts that both have.
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


def _answer(database: Database, name: str) -> FleetTable:
    question = QUESTIONS[name]
    return database.ask(name, question.title, question.sql, bars=question.bars)


def _like(database: Database, real_path: str) -> FleetTable:
    """Dumps whose crash is like that of ``real_path``, the most similar first.

    :raises NothingMatched: if ``real_path`` is not in the dataset, or did not crash
    """
    digest = path_digest(real_path)
    rows = database.ask("", "", _IS_THERE, [digest]).rows
    if not rows:
        raise NothingMatched(f"{real_path}: not among the dumps that were read")
    if rows[0][0] is None:
        raise NothingMatched(f"{real_path}: no signature, because no task panicked")
    return database.ask("like", f"Dumps like {real_path}", _LIKE, [digest])
