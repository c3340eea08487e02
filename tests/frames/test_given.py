# SPDX-License-Identifier: LGPL-2.1-or-later
"""An entry frame that was named once for many is the frame that its own candidate makes."""

from inspector.frames.given import entry_frame
from inspector.model.frame import EntryFrame
from inspector.model.origin import Origin
from inspector.opening import open_survey
from inspector.target.spec import TargetKind, TargetSpec


def test_the_short_form_says_what_the_long_way_finds() -> None:
    with open_survey(TargetSpec(TargetKind.DEMO)) as survey:
        found = [f for f in survey.found(survey.tasks()) if isinstance(f, EntryFrame)]
        assert {f.pattern.origin for f in found} >= {Origin.SYSCALL, Origin.INT80}
        for short in found:
            candidate = entry_frame(survey.target, survey._around, short.task)
            assert candidate is not None
            assert survey._naming.frames(candidate) == (short.frame(),)
