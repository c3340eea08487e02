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
from tests.guest.conftest import Boot, LiveGuest
from tests.guest.freezing import nothing_is_left, place, prepared, told

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
_ARMED = "grep -q kernel_clone /sys/kernel/debug/kprobes/list"


@pytest.mark.soak
def test_nothing_is_left_behind_and_bad_input_is_a_line(
    boot: Boot, lab: Callable[..., str], inspector: Inspector
) -> None:
    with prepared(boot, lab, "bookworm") as guest:
        for route, signals in (("module", ("INT", "TERM", "KILL")), ("tracefs", ("INT", "KILL"))):
            for how in signals:
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
        bad_input(guest)
        crash_says_the_same(guest, inspector)


def bad_input(guest: LiveGuest) -> None:
    refused = {
        "freeze no_such_function -- true": "no function is called",
        "freeze do_syscall_64 -- true": "-EINVAL",
        "freeze __x64_sys_fork+1 -- true": "-EILSEQ",
        "freeze do_syscall_64 --via tracefs -- true": "-EINVAL",
        "freeze kernel_clone --ring-slots 0 -- true": "1 to 4096",
        "freeze kernel_clone --ring-slots 99999999 -- true": "1 to 4096",
        "freeze kernel_clone --slice-bytes 7 -- true": "a multiple of 8",
        "freeze kernel_clone --mode crash -- true": "--confirm-crash",
        "freeze kernel_clone -- /no/such/program": "no such program",
    }
    for command, reason in refused.items():
        a_line(guest, f"inspector {command}", reason)
    loaded = "busybox insmod /lab/framefreeze.ko; inspector freeze kernel_clone -- true"
    a_line(guest, loaded, "loaded already")
    guest.run("busybox rmmod framefreeze; rm /lib/modules/*/updates/framefreeze.ko")
    a_line(guest, "inspector freeze kernel_clone -- true", "/bin/inspector freeze", user="nobody")
    headers = "mv /lib/modules/$(uname -r)/build /tmp/; inspector freeze kernel_clone -- true"
    a_line(guest, headers, "apt install linux-headers-")
    nothing_is_left(guest)
    doctor = told(guest, "doctor --format json")
    mends = [finding["mend"] or "" for finding in doctor["findings"]]
    assert any("apt install linux-headers-" in mend for mend in mends)
    guest.run("mv /tmp/build /lib/modules/$(uname -r)/")


def a_line(guest: LiveGuest, script: str, reason: str, user: str = "root") -> None:
    ran = guest.run(script, user=user)
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert reason in ran.stderr


def crash_says_the_same(guest: LiveGuest, inspector: Inspector) -> None:
    """Built for the running kernel, in the guest: there is no installed module any more."""
    script = f"inspector freeze {place('bookworm')} --mode crash --confirm-crash -- /tmp/fork"
    with subprocess.Popen(
        [guest.lab, "in", "--limit", "400", guest.directory, script],
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
    shown = inspector("frames", "-c", core, "--records", "--format", "json")
    frames = json.loads(shown.stdout)["frames"]
    on_stack, recorded = (
        next(f for f in frames if f["origin"] == "int3" and f["found_in"] == where)
        for where in ("stack", "record")
    )
    for key in ("address", "registers", "interrupted", "stack", "cpu", "task"):
        assert on_stack[key] == recorded[key]
    assert on_stack["task"]["comm"] == "fork"
