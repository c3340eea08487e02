# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which syscall each task is in, by its entry frame: drgn -c vmcore scripts/drgn/syscalls.py"""

import sys

from drgn import get_default_prog

import inspector

kernel = inspector.of_program(get_default_prog())
for frame in kernel.frames(kernel.tasks()):
    if frame.task is not None and frame.syscall is not None:
        print(f"{frame.task.pid:>7} {frame.task.comm:16} {frame.syscall} [{frame.address:#x}]")
for missing in kernel.missing:
    print("not read:", missing, file=sys.stderr)
