# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CPUs' own record of their traps: `-d int` of an emulating QEMU, filtered.

All exceptions and interrupts of a run are some 50 MB of text, of each of which
(target/i386/tcg/seg_helper.c, do_interrupt_all) this much is kept:

    7186: v=03 e=0000 i=1 cpl=0 IP=0010:ffffffffb14948b5 pc=… SP=0018:… env->regs[R_EAX]=…
    RAX=0000000000000039 RBX=… RCX=… RDX=…
    RSI=… RDI=… RBP=… RSP=…
    R8 =… R9 =… R10=… R11=…
    R12=… R13=… R14=… R15=…
    RIP=… RFL=…

and of 32-bit code EAX to ESP, EIP and EFL. IP is what the CPU was at: the int3 itself, whose
frame will hold IP + 1. A trap is written in pieces, and CPUs trap at the same time: each writes a
file of its own (util/log.c, LOG_PER_THREAD; QEMU 7.1), and here one comes after the other, each
behind a line "# a CPU".
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

_KEPT = re.compile(rb"\s*\d+: v=|R(AX|SI|8 |12|IP)=|E(AX|SI|IP)=")


class TrapLog:
    """Written beside ``path``, and there when it is finished."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = TemporaryDirectory(prefix="traps-", dir=path.parent)

    def arguments(self) -> tuple[str, ...]:
        return ("-d", "int,tid", "-D", f"{self._raw.name}/%d")

    def finish(self) -> None:
        """QEMU has ended."""
        with self._raw, self._path.open("wb") as kept:
            for cpu in sorted(Path(self._raw.name).iterdir(), key=_thread):
                kept.write(b"# a CPU\n")
                with cpu.open("rb") as lines:
                    kept.writelines(line for line in lines if _KEPT.match(line))


def _thread(file: Path) -> int:
    return int(file.name)
