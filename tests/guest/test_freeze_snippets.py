# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector probe --snippet``: each kind of code runs in a guest, and tells fork's number."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guest.conftest import Boot, LiveGuest
from tests.guest.freezing import FORK, place, prepared

_MODULE_SNIPPET = """
mkdir -p /tmp/number && cd /tmp/number && echo 'obj-m := number.o' >Kbuild
inspector probe {place} --snippet module >number.c &&
make -C /lib/modules/$(uname -r)/build M=$PWD >/tmp/log 2>&1 || {{ cat /tmp/log; exit 1; }}
busybox insmod number.ko && /tmp/fork; cat /sys/module/number/parameters/numbers
busybox rmmod number
"""


def tracefs_tells(guest: LiveGuest, *places: str) -> None:
    for probed in places:
        ran = guest.run(
            f"inspector probe {probed} --snippet tracefs >/tmp/n.sh && sh /tmp/n.sh /tmp/fork"
        )
        assert ran.returncode == 0, ran.stderr
        lines = [line for line in ran.stdout.splitlines() if "fork-" in line]
        assert any(f"nr={FORK}" in line.split() for line in lines), ran.stdout


def a_module_tells(guest: LiveGuest, where: str) -> None:
    built = guest.run(_MODULE_SNIPPET.format(place=where), limit=300)
    assert (built.returncode, built.stdout) == (0, f"{FORK}\n"), built.stderr


def program_with_its_libraries(name: str, directory: Path) -> Path:
    """This machine's own, with its loader: it runs in a guest whatever libc that has."""
    program = shutil.which(name)
    assert program is not None
    needed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in {program, *re.findall(r"(/\S+) \(0x", needed)}:
        shutil.copy(path, directory)
    return directory


_BPFTRACE = """
inspector probe kernel_clone --snippet bpftrace >/tmp/n.bt
/lab/bt/ld-linux-x86-64.so.2 --library-path /lab/bt /lab/bt/bpftrace /tmp/n.bt -c /tmp/fork
"""


def bpftrace_tells(guest: LiveGuest) -> None:
    ran = guest.run(_BPFTRACE, limit=300)
    assert ran.returncode == 0, ran.stderr
    lines = [line.split() for line in ran.stdout.splitlines() if line.startswith("fork ")]
    assert [line[2:] for line in lines] == [[f"nr={FORK}", "entry_ax=-38", "abi=64"]]


@pytest.mark.soak
def test_each_snippet_tells_the_number(boot: Boot, lab: Callable[..., str], tmp_path: Path) -> None:
    bpftrace = program_with_its_libraries("bpftrace", tmp_path)
    with prepared(boot, lab, "bookworm", "--with", f"bt={bpftrace}") as guest:
        # kernel_clone has no argument that leads to the number: the tracepoint tells it there.
        tracefs_tells(guest, place("bookworm"), "kernel_clone")
        a_module_tells(guest, place("bookworm"))
        bpftrace_tells(guest)
