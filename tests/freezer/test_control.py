# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module's command language, and what the options make of it."""

from __future__ import annotations

import pytest

from inspector.freezer.control import add
from inspector.model.freeze import Filters, ProbeSpec
from inspector.model.record import Mode
from tests.conftest import Inspector


@pytest.mark.parametrize(
    ("spec", "filters", "command"),
    [
        (
            ProbeSpec("kernel_clone", Mode.RECORD, opens=True),
            Filters(),
            "add 1 kernel_clone mode=record opens=1",
        ),
        (
            ProbeSpec("vfs_read", Mode.RECORD, returns=True),
            Filters(pid=7, comm="cat", nr=0, every=10, limit=3),
            "add 1 vfs_read mode=record kind=return pid=7 nr=0 every=10 limit=3 comm=cat",
        ),
        (
            ProbeSpec("f+0x5", Mode.HOLD, keep_int3=True, hold_ms=20, force=True),
            Filters(tgid=1),
            "add 1 f+0x5 mode=hold int3=1 hold_ms=20 force=1 tgid=1",
        ),
        (
            ProbeSpec("f", Mode.CRASH, crash_after=3),
            Filters(),
            "add 1 f mode=crash confirm=1 crash_after=3",
        ),
    ],
)
def test_a_probe_is_one_command(spec: ProbeSpec, filters: Filters, command: str) -> None:
    assert add(1, spec, filters) == command


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "__x64_sys_fork+5"),
        (["--", "true"], "__x64_sys_fork+5"),
        (["f g"], "f g"),
        (["f", "--return", "g+4"], "--return"),
        (["f", "--comm", "sixteen-letters-"], "--comm"),
        (["f", "--comm", "a b"], "--comm"),
        (["f", "--ring-slots", "0"], "--ring-slots"),
        (["f", "--slice-bytes", "65"], "--slice-bytes"),
        (["f", "--mode", "crash"], "--confirm-crash"),
        (["--return", "f", "--mode", "hold"], "--mode hold"),
        (["f", "--via", "tracefs", "--mode", "hold", "-o", "x"], "--via module"),
        (["f", "--", "/no/such/program"], "/no/such/program"),
    ],
)
def test_a_request_that_makes_no_sense_is_a_line(
    arguments: list[str], named: str, inspector: Inspector
) -> None:
    result = inspector("freeze", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert named in result.stderr
