# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of ``inspector freeze`` have in common: a guest that is ready for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.guest.conftest import Boot, LiveGuest
from tests.schemas.checked import check

FORK = 57
MINUS_ONE = "0xffffffffffffffff"
PAST_FENTRY = {"bullseye": 5, "bookworm": 5, "trixie": 9, "sid": 9, "trixie-backports": 9}

# glibc's fork() is clone(2): this one is fork(2) itself, in a process that does nothing else.
_FORK_ONCE = r"""
cat >/tmp/fork.c <<'C'
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	long child = syscall(SYS_fork);
	if (!child)
		_exit(0);
	return waitpid(child, 0, 0) != child;
}
C
gcc -o /tmp/fork /tmp/fork.c
"""
_INSTALL = """
mkdir -p /lib/modules/$(uname -r)/updates
cp -R /lab/updates/. /lib/modules/$(uname -r)/updates/
"""

_NOTHING_LEFT = """
grep -c ^framefreeze /proc/modules
wc -l </sys/kernel/debug/kprobes/list
wc -l </sys/kernel/tracing/kprobe_events
ls /sys/kernel/tracing/instances | wc -l
"""


@contextmanager
def prepared(boot: Boot, lab: Callable[..., str], suite: str, *options: str) -> Iterator[LiveGuest]:
    """A guest with a workload, and with the kit's module installed: to build one takes a while."""
    kit = Path(json.loads(lab("fetch", "--suite", suite))["initramfs"]).parent
    with with_updates(boot, suite, kit / "framefreeze.ko", *options) as guest:
        yield guest


@contextmanager
def with_updates(boot: Boot, suite: str, updates: Path, *options: str) -> Iterator[LiveGuest]:
    """With a workload, and with this below its kernel's ``updates``: a file, or all of a tree."""
    name = f"updates/{updates.name}" if updates.is_file() else "updates"
    with with_workload(boot, suite, "--with", f"{name}={updates}", *options) as guest:
        done = guest.run(_INSTALL)
        assert (done.returncode, done.stderr) == (0, "")
        yield guest


@contextmanager
def with_workload(boot: Boot, suite: str, *options: str) -> Iterator[LiveGuest]:
    """A guest with ``/tmp/fork``, and nothing of framefreeze but its source."""
    with boot(suite, *options) as guest:
        done = guest.run(_FORK_ONCE)
        assert (done.returncode, done.stderr) == (0, "")
        yield guest


def place(suite: str) -> str:
    return f"__x64_sys_fork+{PAST_FENTRY[suite]}"


def told(guest: LiveGuest, command: str, status: int = 0) -> dict[str, Any]:
    """The document that ``inspector command`` wrote, which is what its schema says."""
    ran = guest.run(f"inspector {command}", limit=120)
    assert ran.returncode == status, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    check(answer["schema"].removeprefix("inspector.").removesuffix("/1"), answer)
    return answer


def nothing_is_left(guest: LiveGuest) -> None:
    assert guest.run(_NOTHING_LEFT).stdout.split() == ["0", "0", "0", "0"]


def no_complaint(guest: LiveGuest) -> None:
    for word in ("stall", "lockup", "CSD", "WARNING", "BUG:", "hung", "sleeping function"):
        assert word not in guest.serial, word
