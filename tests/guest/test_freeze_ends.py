# SPDX-License-Identifier: LGPL-2.1-or-later
"""How ``inspector freeze`` ends: killed, refused, with COMMAND's failure, in a crash. Nothing
is left behind by any of them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import SUITES, Boot, LiveGuest
from tests.guest.freezing import (
    PAST_FENTRY,
    no_complaint,
    nothing_is_left,
    place,
    prepared,
    told,
)

# Started in the background; killed when the module is armed.
_KILLED = """
{freeze} -- sleep 60 >/tmp/out 2>&1 &
freezer=$!
tries=600
until {armed}; do
	tries=$((tries - 1)); [ $tries -gt 0 ] || {{ cat /tmp/out; exit 9; }}
	sleep 0.1
done
{kill}
wait $freezer
echo "status $?"
sleep 3
"""
_UNINSTALL = "rm /lib/modules/*/updates/framefreeze.ko"
_ARMED = "grep -q kernel_clone /sys/kernel/debug/kprobes/list"


_SIGNALS = {"module": ("INT", "TERM", "KILL"), "tracefs": ("INT", "KILL")}


@pytest.mark.soak
@pytest.mark.parametrize("route", _SIGNALS)
def test_nothing_is_left_behind(route: str, boot: Boot, lab: Callable[..., str]) -> None:
    with prepared(boot, lab, "bookworm") as guest:
        for how in _SIGNALS[route]:
            status = 137 if how == "KILL" else 130
            # A job in the background of a script ignores SIGINT, unless it is told not to.
            freeze = f"env --default-signal=INT inspector freeze kernel_clone --via {route}"
            script = _KILLED.format(
                freeze=freeze, armed=_ARMED, kill=f"sleep 1; kill -{how} $freezer"
            )
            ran = guest.run(script, limit=300)
            assert ran.stdout.splitlines()[-1:] == [f"status {status}"], ran
            nothing_is_left(guest)
        ran = guest.run(f"inspector freeze kernel_clone --via {route} -- sh -c 'kill -9 $$'")
        assert ran.returncode == 4
        nothing_is_left(guest)
        no_complaint(guest)


_REFUSED = {
    "freeze no_such_function -- true": "no function",
    "freeze do_syscall_64 -- true": "-EINVAL",
    "freeze __x64_sys_fork+1 -- true": "-EILSEQ",
    "freeze do_syscall_64 --via tracefs -- true": "-EINVAL",
    "freeze kernel_clone --ring-slots 0 -- true": "1 to 4096",
    "freeze kernel_clone --ring-slots 99999999 -- true": "1 to 4096",
    "freeze kernel_clone --slice-bytes 7 -- true": "a multiple of 8",
    "freeze kernel_clone --mode crash -- true": "--confirm-crash",
    "freeze kernel_clone -- /no/such/program": "no such program",
}


@pytest.mark.soak
def test_bad_input_is_a_line(boot: Boot, lab: Callable[..., str]) -> None:
    with prepared(boot, lab, "bookworm") as guest:
        for command, reason in _REFUSED.items():
            a_line(guest, f"inspector {command}", reason)
        loaded = "busybox insmod /lab/updates/framefreeze.ko; inspector freeze kernel_clone -- true"
        a_line(guest, loaded, "loaded already")
        guest.run(f"busybox rmmod framefreeze; {_UNINSTALL}")
        freeze = "inspector freeze kernel_clone -- true"
        a_line(guest, freeze, "/bin/inspector freeze", user="nobody")
        headers = f"mv /lib/modules/$(uname -r)/build /tmp/; {freeze}"
        a_line(guest, headers, "apt install linux-headers-")
        nothing_is_left(guest)
        doctor = told(guest, "doctor --format json")
        mends = [finding["mend"] or "" for finding in doctor["findings"]]
        assert any("apt install linux-headers-" in mend for mend in mends)


def a_line(guest: LiveGuest, script: str, reason: str, user: str = "root") -> None:
    ran = guest.run(script, user=user)
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert reason in ran.stderr


@pytest.mark.soak
@pytest.mark.parametrize("suite", SUITES)
def test_a_crash_says_the_same(
    suite: str, boot: Boot, lab: Callable[..., str], inspector: Inspector
) -> None:
    # What has panicked stays there to be dumped: a guest reboots at once, which ends it.
    with prepared(boot, lab, suite, "--append", "panic=0") as guest:
        script = f"inspector freeze {place(suite)} --int3 --mode crash --confirm-crash -- /tmp/fork"
        with subprocess.Popen(
            [guest.lab, "in", "--limit", "120", guest.directory, script],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as inside:
            while "Kernel panic - not syncing: framefreeze" not in guest.serial:
                assert inside.poll() is None
                time.sleep(0.2)
            time.sleep(2)  # the panic's notifiers, and the other CPU's stop
            core = guest.directory / "vmcore"
            guest.ask("stop")
            guest.ask("dump-guest-memory", paging=False, protocol=f"file:{core}")
            inside.kill()
    shown = inspector("frames", "-c", core, "--with-records", "--format", "json")
    core.unlink()
    frames = json.loads(shown.stdout)["frames"]
    on_stack, recorded = (
        next(f for f in frames if f["origin"] == "int3" and f["found_in"] == where)
        for where in ("stack", "record")
    )
    for key in ("address", "registers", "interrupted", "stack", "cpu", "task"):
        assert on_stack[key] == recorded[key]
    assert on_stack["task"]["comm"] == "fork"
    symbol, offset = on_stack["kprobe"]["symbol"].split("+")
    assert symbol.endswith("_sys_fork")
    assert int(offset, 16) == PAST_FENTRY[suite]
