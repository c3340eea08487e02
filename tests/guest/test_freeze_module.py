# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where ``inspector freeze`` has its module from: built there and then, or kept by DKMS."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from labkit.dkms import made_by_dkms
from labkit.suites import suite_named

from tests.guest.conftest import SUITES, Boot, LiveGuest
from tests.guest.freezing import no_complaint, nothing_is_left, place, with_updates, with_workload

pytestmark = pytest.mark.soak

# Mode and owner of the directory, then a line for each module in it: when it was written.
_KEPT = "stat -c '%a %u' /var/cache/frame-inspector; stat -c '%Y' /var/cache/frame-inspector/*/*"


@pytest.mark.parametrize("suite", SUITES)
def test_a_module_is_built_once_for_the_kernel_that_runs(suite: str, boot: Boot) -> None:
    with with_workload(boot, suite) as guest:
        freezes(guest, suite)
        kept = guest.run(_KEPT).stdout.splitlines()
        assert (kept[0], len(kept)) == ("700 0", 2)
        freezes(guest, suite)
        assert guest.run(_KEPT).stdout.splitlines() == kept
        assert guest.run("ls /tmp").stdout.split() == ["fork", "fork.c"]
        no_complaint(guest)


def freezes(guest: LiveGuest, suite: str) -> None:
    script = f"inspector freeze {place(suite)} --int3 --via module --format json -- /tmp/fork"
    ran = guest.run(script, limit=1000)
    assert ran.returncode == 0, ran.stderr
    origins = {frame["origin"] for frame in json.loads(ran.stdout)["frames"]}
    assert origins == {"int3", "syscall"}
    nothing_is_left(guest)


@pytest.mark.parametrize("suite", ["bookworm"])
def test_a_module_that_dkms_keeps_is_taken(suite: str, boot: Boot, lab: Callable[..., str]) -> None:
    release = json.loads(lab("fetch", "--suite", suite))["release"]
    with made_by_dkms(suite_named(suite), release) as kept:
        assert kept.status == f"framefreeze/2, {release}, x86_64: installed"
        with with_updates(boot, suite, kept.updates) as guest:
            # Were it not taken, one would have to be built.
            assert guest.run("rm /lib/modules/*/build").returncode == 0
            freezes(guest, suite)
            no_complaint(guest)
