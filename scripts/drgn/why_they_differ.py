# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare the panicking task's innermost frame with its entry frame, register by register.

drgn -c vmcore scripts/drgn/why_they_differ.py
"""

import sys

from drgn import get_default_prog

import inspector

kernel = inspector.from_program(get_default_prog())
task = kernel.panicking_task()
frames = () if task is None else kernel.frames_of(task)
if len(frames) < 2:
    sys.exit("no task panicked in the kernel")
inner, entry = frames[-2], frames[-1]
for field in kernel.compare(entry, inner).fields:
    if not field.same:
        left, right = entry.registers[field.register], inner.registers[field.register]
        print(f"{field.register:8} {left:#018x} {right:#018x}  {field.right_why}")
