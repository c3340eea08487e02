# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a machine is, to somebody who is not root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inspector.freezer import host
from inspector.freezer.host import tracefs_directory

NOBODY = 65534


def test_a_tracefs_that_only_root_may_look_into_is_not_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing = tmp_path / "tracing"
    tracing.mkdir()
    (tracing / "kprobe_events").touch()
    monkeypatch.setattr(host, "TRACEFS_PLACES", (str(tracing),))
    assert tracefs_directory() == tracing
    tracing.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        assert tracefs_directory() is None
    finally:
        if root:
            os.seteuid(0)
        tracing.chmod(0o700)
