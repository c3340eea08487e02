# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wheel of this checkout, built once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from packkit.wheel import build_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    return build_wheel(directory, directory / "log")
