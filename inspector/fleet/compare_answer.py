# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet compare``: the answer."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.commands.failure import Status
from inspector.commands.output import deliver
from inspector.commands.session import Session
from inspector.errors import TargetError
from inspector.fleet.answer_output import deliver_answer
from inspector.fleet.aspects import Counts, changes, compared_set, counts, unknown
from inspector.fleet.database import Database, open_dataset
from inspector.fleet.dataset import job_of, make_dataset
from inspector.fleet.reading import read_apart
from inspector.fleet.run import MEMORY_LIMIT, MIB, TIME_LIMIT
from inspector.model.fleet import ComparedSet, Comparison, FleetAnswer
from inspector.processes.whole_file import check_writable
from inspector.render.json_answers import comparison_json
from inspector.render.text.dumps import comparison_answer


def run(session: Session, left: Path, right: Path, output: str, file: Path | None) -> Status:
    """Say what differs; that nothing does is an answer too."""
    if file is not None:
        check_writable(file)
    with session.progress() as step:
        step(f"reading {left}")
        one, in_one = _counted(left)
        step(f"reading {right}")
        other, in_other = _counted(right)
    found = tuple(changes(one, in_one, other, in_other))
    told = Comparison(one, other, found, unknown(in_one, in_other))
    if output == "json":
        deliver(session, comparison_json(told), file)
    else:
        both = f"{one.name} and {other.name}"
        deliver_answer(session, FleetAnswer(both, (comparison_answer(told),)), output, file)
    partial = one.unread or other.unread or told.unknown
    return Status.PARTIAL if partial else Status.WHOLE


def _counted(path: Path) -> tuple[ComparedSet, Counts]:
    with _database(path) as database:
        return compared_set(database, str(path)), counts(database)


@contextmanager
def _database(path: Path) -> Iterator[Database]:
    if path.is_dir():
        with open_dataset(path) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="inspector-") as directory:
        dataset = Path(directory) / "dataset"
        make_dataset(dataset)
        read_apart(job_of(os.path.realpath(path), str(dataset), TIME_LIMIT, MEMORY_LIMIT * MIB), "")
        with open_dataset(dataset) as database:
            _check_read(database, path)
            yield database


def _check_read(database: Database, path: Path) -> None:
    ((error,),) = database.ask("error", "", "SELECT error FROM dumps").rows
    if error is not None:
        text = str(error)
        raise TargetError(text if text.startswith(str(path)) else f"{path}: {text}")
