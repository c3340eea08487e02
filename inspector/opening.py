# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a target, whatever it is, to the survey that answers for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspector.survey import Survey
from inspector.target.open import open_target
from inspector.target.spec import TargetKind, TargetSpec


@contextmanager
def open_survey(spec: TargetSpec) -> Iterator[Survey]:
    """Open a target for surveying.

    :raises TargetError: if it cannot be opened
    """
    if spec.kind is TargetKind.RECORDS:
        from inspector.queries.records import SavedSurvey, read_saved  # no kernel needs it

        path = spec.path or ""
        yield SavedSurvey(read_saved(Path(path)), path)
    else:
        with open_target(spec) as target:
            yield Survey(target)
