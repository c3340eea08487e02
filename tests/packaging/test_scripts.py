# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checkout's own programs, started as a newcomer does: by the system's Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PYTHON = Path(sys.base_prefix, "bin", "python3")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bench", "--help"), "usage: bench"),
        (("bundle", "--help"), "usage: bundle"),
        (("fuzz", "list"), "btf\n"),
        (("lab", "--help"), "usage: lab"),
        (("make-dumps", "--help"), "usage: make-dumps"),
        (("oracle",), "scripts/oracle DIR"),
        (("screenshots",), "usage: scripts/screenshots"),
    ],
)
def test_it_finds_what_it_needs_by_itself(
    arguments: tuple[str, ...], expected: str, root: Path
) -> None:
    name, *rest = arguments
    ran = subprocess.run(
        [PYTHON, root / "scripts" / name, *rest], capture_output=True, text=True, check=False
    )
    said = ran.stdout + ran.stderr
    assert expected in said
    assert "Traceback" not in said
