# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze`` on running kernels: by the module, by tracefs, held, and crashed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import SUITES, Boot, LiveGuest

FORK = 57
MINUS_ONE = "0xffffffffffffffff"
PAST_FENTRY = {"bullseye": 5, "bookworm": 5, "trixie": 9, "sid": 9}

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
mkdir -p /lib/modules/$(uname -r)/updates
cp /lab/framefreeze.ko /lib/modules/$(uname -r)/updates/
"""

_NOTHING_LEFT = """
grep -c ^framefreeze /proc/modules
wc -l </sys/kernel/debug/kprobes/list
wc -l </sys/kernel/tracing/kprobe_events
ls /sys/kernel/tracing/instances | wc -l
"""


@contextmanager
def prepared(boot: Boot, lab: Callable[..., str], suite: str, *options: str) -> Iterator[LiveGuest]:
    """A guest with a workload, and with the kit's module installed as DKMS would have it."""
    kit = Path(json.loads(lab("fetch", "--suite", suite))["initramfs"]).parent
    module = f"framefreeze.ko={kit / 'framefreeze.ko'}"
    with boot(suite, "--with", module, *options) as guest:
        done = guest.run(_FORK_ONCE)
        assert (done.returncode, done.stderr) == (0, "")
        yield guest


def place(suite: str) -> str:
    return f"__x64_sys_fork+{PAST_FENTRY[suite]}"


def told(guest: LiveGuest, command: str, status: int = 0) -> dict[str, Any]:
    ran = guest.run(f"inspector {command}", limit=120)
    assert ran.returncode == status, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def nothing_is_left(guest: LiveGuest) -> None:
    assert guest.run(_NOTHING_LEFT).stdout.split() == ["0", "0", "0", "0"]


def no_complaint(guest: LiveGuest) -> None:
    for word in ("stall", "lockup", "CSD", "WARNING", "BUG:", "hung", "sleeping function"):
        assert word not in guest.serial, word


# What has not been steady on a busy machine yet is in the long runs.
_ONE = "bookworm"
_OTHERS = [pytest.param(suite, marks=pytest.mark.soak) for suite in SUITES if suite != _ONE]


@pytest.mark.parametrize("suite", [_ONE, *_OTHERS])
def test_one_fork_by_every_route(suite: str, boot: Boot, lab: Callable[..., str]) -> None:
    with prepared(boot, lab, suite) as guest:
        traced = told(
            guest,
            f"freeze {place(suite)} kernel_clone --return kernel_clone --via tracefs"
            " --format json -- /tmp/fork",
        )
        by_tracefs(traced)
        nothing_is_left(guest)
        frozen = told(
            guest,
            f"freeze {place(suite)} kernel_clone --return kernel_clone --int3"
            " -o /tmp/records --format json -- /tmp/fork",
        )
        by_module(frozen)
        agrees(traced, frozen)
        nothing_is_left(guest)
        timeline(told(guest, "diff --timeline --records /tmp/records --format json"))
        # kernel_clone has no argument that leads to the number: the tracepoint tells it there.
        both = (place(suite), "kernel_clone") if suite == "bookworm" else (place(suite),)
        snippets_tell_the_number(guest, place(suite), *both)
        held(guest, suite)
        nothing_is_left(guest)
        no_complaint(guest)


def by_tracefs(traced: dict[str, Any]) -> None:
    own = [hit for hit in traced["hits"] if hit["task"]["comm"] == "fork"]
    assert [hit["place"] for hit in own[:2]][1] == "kernel_clone"
    first, entry, last = own[0], own[0]["entry"], own[-1]
    assert (first["registers"]["orig_ax"], first["syscall"]) == (
        MINUS_ONE,
        {"nr": FORK, "name": "fork"},
    )
    assert (entry["orig_ax"], entry["ax"]) == ("0x39", "0xffffffffffffffda")
    assert (own[1]["mechanism"], own[1]["registers"]["orig_ax"]) == ("ftrace", "0x0")
    assert last["mechanism"] == "kretprobe"
    assert int(last["registers"]["ax"], 16) > last["task"]["pid"]
    assert traced["command"]["status"] == 0


def by_module(frozen: dict[str, Any]) -> None:
    given = [frame for frame in of_command(frozen) if frame["origin"] != "syscall"]
    assert [frame["origin"] for frame in given] == ["int3", "ftrace", "kretprobe"]
    assert [frame["registers"]["orig_ax"] for frame in given] == [MINUS_ONE, "0x0", MINUS_ONE]
    entries = [frame for frame in of_command(frozen) if frame["origin"] == "syscall"]
    assert {frame["syscall"]["name"] for frame in entries} == {"fork"}
    for probe in frozen["probes"]:
        assert probe["hits"] == probe["recorded"] + probe["filtered"] + probe["lost"] > 0


def of_command(frozen: dict[str, Any]) -> list[dict[str, Any]]:
    pid = frozen["command"]["pid"]
    return [frame for frame in frozen["frames"] if frame["task"]["pid"] == pid]


# What one run has in common with the next: not addresses of a stack, nor what a pid decides.
_SAME_IN_EVERY_RUN = ("orig_ax", "ip", "cs")


def agrees(traced: dict[str, Any], frozen: dict[str, Any]) -> None:
    """Of the same places in another process: what must be equal is."""
    seen = [hit for hit in traced["hits"] if hit["task"]["comm"] == "fork"]
    given = [frame for frame in of_command(frozen) if frame["origin"] != "syscall"]
    assert len(seen) == len(given)
    for hit, frame in zip(seen[:2], given[:2], strict=True):
        for register in _SAME_IN_EVERY_RUN:
            assert hit["registers"][register] == frame["registers"][register], register
    entry = next(frame for frame in of_command(frozen) if frame["origin"] == "syscall")
    for register in ("orig_ax", "ax", "cs", "ss"):
        assert seen[0]["entry"][register] == entry["registers"][register]


def timeline(line: dict[str, Any]) -> None:
    origins = [moment["frame"]["origin"] for moment in line["moments"]]
    assert origins == ["syscall", "int3", "ftrace", "kretprobe"]
    numbers = [moment["orig_ax"]["value"] for moment in line["moments"]]
    assert numbers == ["0x39", MINUS_ONE, "0x0", MINUS_ONE]
    times = [moment["since_ns"] for moment in line["moments"][1:]]
    assert times == sorted(times)


_MODULE_SNIPPET = """
mkdir -p /tmp/number && cd /tmp/number && echo 'obj-m := number.o' >Kbuild
inspector probe {place} --snippet module >number.c &&
make -C /lib/modules/$(uname -r)/build M=$PWD >/tmp/log 2>&1 || {{ cat /tmp/log; exit 1; }}
busybox insmod number.ko && /tmp/fork; cat /sys/module/number/parameters/numbers
busybox rmmod number
"""


def snippets_tell_the_number(guest: LiveGuest, where: str, *places: str) -> None:
    for probed in places:
        ran = guest.run(
            f"inspector probe {probed} --snippet tracefs >/tmp/n.sh && sh /tmp/n.sh /tmp/fork"
        )
        assert ran.returncode == 0, ran.stderr
        lines = [line for line in ran.stdout.splitlines() if "fork-" in line]
        assert any(f"nr={FORK}" in line.split() for line in lines), ran.stdout
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


@pytest.mark.soak
def test_the_bpftrace_snippet_tells_the_number(
    boot: Boot, lab: Callable[..., str], tmp_path: Path
) -> None:
    bpftrace = program_with_its_libraries("bpftrace", tmp_path)
    with prepared(boot, lab, "bookworm", "--with", f"bt={bpftrace}") as guest:
        ran = guest.run(_BPFTRACE, limit=300)
        assert ran.returncode == 0, ran.stderr
        lines = [line.split() for line in ran.stdout.splitlines() if line.startswith("fork ")]
        assert [line[2:] for line in lines] == [[f"nr={FORK}", "entry_ax=-38", "abi=64"]]


def held(guest: LiveGuest, suite: str) -> None:
    force = "--force" if suite == "bullseye" else ""  # 5.10 counts no preemption
    frozen = told(
        guest,
        f"freeze {place(suite)} --mode hold {force} --hold-ms 2000 --int3"
        " --format json -- /tmp/fork",
    )
    live = frozen["held"]
    assert live["read_during"]
    assert (live["frame"]["origin"], live["frame"]["found_in"]) == ("int3", "stack")
    assert live["entry"]["syscall"]["name"] == "fork"
    recorded = [frame for frame in frozen["frames"] if frame["origin"] == "int3"]
    for key in ("address", "registers", "interrupted", "stack"):
        assert live["frame"][key] == recorded[0][key]


@pytest.mark.soak
def test_a_held_frame_is_the_same_from_outside(
    boot: Boot, lab: Callable[..., str], inspector: Inspector
) -> None:
    with prepared(boot, lab, "bookworm") as guest:
        script = (
            f"inspector freeze {place('bookworm')} --mode hold --keep-held --hold-ms 2000 --int3"
            " --format json -- /tmp/fork 2>/dev/console"
        )
        with subprocess.Popen(
            [guest.lab, "in", "--limit", "120", guest.directory, script],
            stdout=subprocess.PIPE,
            text=True,
        ) as inside:
            while " is held, with pid " not in guest.serial:
                assert inside.poll() is None
                time.sleep(0.02)
            monitor(guest, "stop")
            outside = inspector("frames", "--qemu", guest.qmp, "--format", "json")
            monitor(guest, "cont")
            output, _ = inside.communicate()
        live = json.loads(output)["held"]
        assert live["read_during"]
        frames = json.loads(outside.stdout)["frames"]
        seen = [frame for frame in frames if frame["address"] == live["frame"]["address"]]
        assert [frame["origin"] for frame in seen] == ["int3"]
        assert seen[0]["registers"] == live["frame"]["registers"]
        no_complaint(guest)


def monitor(guest: LiveGuest, command: str, **arguments: object) -> None:
    """One command to the guest's monitor (QMP)."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(guest.qmp.removeprefix("unix:"))
        with connection.makefile("rw") as lines:
            assert "QMP" in json.loads(lines.readline())
            for request in ({"execute": "qmp_capabilities"}, {"execute": command}):
                known = {"arguments": arguments} if arguments and "qmp" not in request else {}
                lines.write(json.dumps({**request, **known}) + "\n")
                lines.flush()
                while "return" not in (answer := json.loads(lines.readline())):
                    assert "error" not in answer, answer


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
                ran = guest.run(script)
                assert ran.stdout.splitlines()[-1] == f"status {status}", ran.stdout
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
    doctor = guest.run("inspector doctor", user="nobody")
    assert (doctor.returncode, doctor.stderr) == (3, "")
    assert "apt install linux-headers-" in doctor.stdout
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
        monitor(guest, "stop")
        monitor(guest, "dump-guest-memory", paging=False, protocol=f"file:{core}")
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
