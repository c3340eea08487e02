# SPDX-License-Identifier: LGPL-2.1-or-later
"""The syscall of each task, by its entry frame: drgn -c vmcore scripts/drgn/syscalls.py"""

import sys

from drgn import get_default_prog

import inspector

kernel = inspector.from_program(get_default_prog())
found = kernel.frames()
for frame in found.frames:
    if frame.task is not None and frame.syscall is not None:
        print(f"{frame.task.pid:>7} {frame.task.comm:16} {frame.syscall} [{frame.address:#x}]")
for missing in found.missing:
    print("not read:", missing, file=sys.stderr)
