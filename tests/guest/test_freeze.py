# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector freeze`` on running kernels: what one fork shows by the module, by tracefs, held."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import SUITES, Boot, LiveGuest
from tests.guest.freezing import (
    FORK,
    MINUS_ONE,
    no_complaint,
    nothing_is_left,
    place,
    prepared,
    told,
)

# One kernel in the plain run: a guest with Python takes its time.
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


def force(suite: str) -> str:
    """5.10 counts no preemption."""
    return "--force" if suite == "bullseye" else ""


def held(guest: LiveGuest, suite: str) -> None:
    frozen = told(
        guest,
        f"freeze {place(suite)} --mode hold {force(suite)} --hold-ms 2000"
        " --format json -- /tmp/fork",
    )
    live = frozen["held"]
    assert live["read_during"]
    assert (live["frame"]["origin"], live["frame"]["found_in"]) == ("int3", "stack")
    assert live["entry"]["syscall"]["name"] == "fork"
    recorded = [frame for frame in frozen["frames"] if frame["origin"] == "int3"]
    for key in ("address", "registers", "interrupted", "stack"):
        assert live["frame"][key] == recorded[0][key]


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.soak
def test_a_held_frame_is_the_same_from_outside(
    suite: str, boot: Boot, lab: Callable[..., str], inspector: Inspector
) -> None:
    with prepared(boot, lab, suite) as guest:
        script = (
            f"inspector freeze {place(suite)} --mode hold {force(suite)} --keep-held"
            " --hold-ms 2000 --format json -- /tmp/fork 2>/dev/kmsg"
        )
        with subprocess.Popen(
            [guest.lab, "in", "--limit", "120", guest.directory, script],
            stdout=subprocess.PIPE,
            text=True,
        ) as inside:
            while " is held, with pid " not in guest.serial:
                assert inside.poll() is None
                time.sleep(0.02)
            guest.ask("stop")
            outside = inspector("frames", "--qemu", guest.qmp, "--format", "json")
            guest.ask("cont")
            output, _ = inside.communicate()
        live = json.loads(output)["held"]
        assert live["read_during"]
        frames = json.loads(outside.stdout)["frames"]
        seen = [frame for frame in frames if frame["address"] == live["frame"]["address"]]
        assert [frame["origin"] for frame in seen] == ["int3"]
        assert seen[0]["registers"] == live["frame"]["registers"]
        no_complaint(guest)
