# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CPU's own record of its int3 traps: `-d int` of an emulating QEMU, filtered.

All exceptions of a run are some 15 MB of text; QEMU writes them into a pipe and only
the blocks of vector 3 (target/i386/tcg/seg_helper.c, do_interrupt_all) are kept:

    7186: v=03 e=0000 i=1 cpl=0 IP=0010:ffffffffb14948b5 pc=… SP=0018:… env->regs[R_EAX]=…
    RAX=0000000000000039 …

up to the line of EFER. IP is the address of the int3; the frame will hold IP + 1.
"""

import os
import re
import threading
from pathlib import Path
from typing import BinaryIO

_TRAP = re.compile(rb"\s*\d+: v=03 ")
_LAST_LINE = b"EFER="


class TrapLog:
    """Collects in a thread until every writer of its pipe is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        read_end, self.write_end = os.pipe()
        self._source = os.fdopen(read_end, "rb")
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def arguments(self) -> tuple[str, ...]:
        return ("-d", "int", "-D", f"/dev/fd/{self.write_end}")

    def handed_over(self) -> None:
        """QEMU has the write end now: without ours, its exit ends the log."""
        os.close(self.write_end)

    def finish(self) -> None:
        self._thread.join()

    def _collect(self) -> None:
        with self._source, self._path.open("wb") as kept:
            _keep_int3(self._source, kept)


def _keep_int3(source: BinaryIO, kept: BinaryIO) -> None:
    inside = False
    for line in source:
        inside = inside or _TRAP.match(line) is not None
        if inside:
            kept.write(line)
            inside = not line.startswith(_LAST_LINE)
