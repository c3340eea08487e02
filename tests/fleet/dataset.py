# SPDX-License-Identifier: LGPL-2.1-or-later
"""Datasets of values: what a run would write, without the running."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inspector.fleet.dataset import (
    Job,
    frame_rows,
    make_dataset,
    report_row,
    write_read,
    write_unread,
)
from inspector.model.fleet import DumpEnd
from inspector.model.report import FullReport


def dataset_of(
    directory: Path,
    reports: Sequence[tuple[str, FullReport]],
    unread: Sequence[tuple[str, str]] = (),
) -> Path:
    """:param reports: path and report
    :param unread: path and error
    """
    make_dataset(directory)
    for path, report in reports:
        write_read(_job(path, directory), "", 1.0, report_row(report), frame_rows(report))
    for path, error in unread:
        write_unread(_job(path, directory), "", 1.0, DumpEnd.REFUSED, error)
    return directory


def _job(path: str, directory: Path) -> Job:
    return Job(path, 1, 1, str(directory), 1.0, 1)
