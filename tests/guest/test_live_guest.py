# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab's guest that lives: scripts run in it, and it can build a module for its kernel."""

from __future__ import annotations

from tests.guest.conftest import Boot

_BUILD = """
mkdir /tmp/m && cp /lab/checkout/inspector/freezer/kmod/* /tmp/m && cd /tmp/m
make -C /lib/modules/$(uname -r)/build M=$PWD modules >/dev/null && insmod framefreeze.ko &&
grep -q ^framefreeze /proc/modules && rmmod framefreeze
"""


def test_a_script_has_its_own_streams_status_and_user(boot: Boot) -> None:
    with boot("bookworm") as guest:
        ran = guest.run("echo out; echo err >&2; exit 7")
        assert (ran.stdout, ran.stderr, ran.returncode) == ("out\n", "err\n", 7)
        assert guest.run("id -un", user="nobody").stdout == "nobody\n"
        late = guest.run("sleep 60", limit=1)
        assert late.returncode == 1
        assert "more than 1 s" in late.stderr
        assert guest.run("inspector --version").stdout.startswith("inspector ")
        built = guest.run(_BUILD, limit=900)
        assert built.returncode == 0, built.stderr  # Kbuild says there what it skips
        assert "framefreeze" in guest.serial
