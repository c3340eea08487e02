# SPDX-License-Identifier: LGPL-2.1-or-later
"""An entry frame that was named once for many is the frame that its own candidate makes."""

from inspector.frames.given import entry_frame
from inspector.frames.naming import Naming, Surroundings
from inspector.kernel.entry_points import Syscalls
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.text import GeneratedText
from inspector.model.frame import EntryFrame
from inspector.model.origin import Origin
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec


def test_the_short_form_says_what_the_long_way_finds() -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        found = [f for f in source.found(source.tasks()) if isinstance(f, EntryFrame)]
        assert {f.pattern.origin for f in found} >= {Origin.SYSCALL, Origin.INT80}
        kprobes = Kprobes(source.target)
        around = Surroundings(source.target, kprobes, GeneratedText(kprobes.regions))
        naming = Naming(around, Syscalls(source.target))
        for short in found:
            candidate = entry_frame(source.target, around, short.task)
            assert candidate is not None
            assert naming.frames(candidate) == (short.frame(),)
