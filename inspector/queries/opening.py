# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a target spec to a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.queries.source import Source
from inspector.target.spec import TargetKind, TargetSpec


@contextmanager
def open_source(spec: TargetSpec) -> Iterator[Source]:
    """Open a target, or a file of records, for questions.

    :raises TargetError: if it cannot be opened
    """
    if spec.kind is TargetKind.RECORDS:
        from inspector.queries.records import SavedSource, read_saved  # no kernel needs it

        path = spec.path or ""
        yield SavedSource(read_saved(Path(path)), path)
    else:
        from inspector.queries.target import open_target_source  # imports drgn

        with open_target_source(spec) as source:
            yield source
