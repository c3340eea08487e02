# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cache of the test's own."""

from pathlib import Path

import pytest


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("FRAME_INSPECTOR_NO_CACHE", raising=False)
    return tmp_path / "frame-inspector" / "kernels"
