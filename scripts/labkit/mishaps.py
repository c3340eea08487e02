# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel is made to complain about: plain data. guest/init reads it."""

from collections.abc import Iterator
from dataclasses import dataclass

_DEVICE = "/dev/mishap"
_RCU = "/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress"


@dataclass(frozen=True, slots=True)
class Mishap:
    name: str
    command: str  # one line of shell, in a process of its own


def _word(word: str) -> Mishap:
    return Mishap(word, f"echo {word} >{_DEVICE}")


_COMMON = (
    *map(_word, ("warn", "show-entry", "show-ftrace", "show-int3", "print-ftrace", "print-int3")),
    Mishap("sysrq-l", "while :; do :; done & sleep 1; echo l >/proc/sysrq-trigger; kill $!"),
    Mishap("rcu-stall", f"echo spin >{_DEVICE}"),
    Mishap("rcu-stall-deaf", f"echo spin-deaf >{_DEVICE}"),
    Mishap(
        "soft-lockup",
        f"echo 1 >{_RCU}; echo 1 >/proc/sys/kernel/watchdog_thresh; echo spin >{_DEVICE}",
    ),
    *map(_word, ("null", "protection", "call-null", "divide", "bug")),
)
# Each suite dies of another one.
_LAST = {
    "bullseye": _word("panic"),
    "bookworm": Mishap("interrupt", f"echo null ipi >{_DEVICE}"),
    "trixie": _word("overflow"),
    "sid": _word("int3"),
    "trixie-backports": _word("list"),
}


def mishaps(suite: str) -> Iterator[Mishap]:
    """In the order in which they happen; the last one is the end of the guest."""
    yield from _COMMON
    yield _LAST[suite]
