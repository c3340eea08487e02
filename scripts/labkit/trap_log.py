# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CPUs' own record of their traps: `-d int` of an emulating QEMU, filtered.

All exceptions and interrupts of a run are some 50 MB of text; QEMU writes them into a pipe and of
each (target/i386/tcg/seg_helper.c, do_interrupt_all) this much is kept:

    7186: v=03 e=0000 i=1 cpl=0 IP=0010:ffffffffb14948b5 pc=… SP=0018:… env->regs[R_EAX]=…
    RAX=0000000000000039 RBX=… RCX=… RDX=…
    RSI=… RDI=… RBP=… RSP=…
    R8 =… R9 =… R10=… R11=…
    R12=… R13=… R14=… R15=…

and of 32-bit code EAX to ESP. IP is what the CPU was at: the int3 itself, whose frame will hold
IP + 1. The first line is written in pieces, the registers at once: where CPUs trap at the same
time, the first line of one may run into another's.
"""

import os
import re
import threading
from pathlib import Path

_KEPT = re.compile(rb"\s*\d+: v=|R(AX|SI|8 |12)=|E(AX|SI)=")


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
            kept.writelines(line for line in self._source if _KEPT.match(line))
