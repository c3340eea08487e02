# SPDX-License-Identifier: LGPL-2.1-or-later
"""A few seconds of coverage-guided fuzzing of every reader; scripts/fuzz does it for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fuzzkit.readers import READERS as BY_NAME
from fuzzkit.readers import refused

SECONDS = 5
SOAK_SECONDS = 3600
READERS = (
    "btf",
    "ring",
    "records",
    "notes",
    "dump",
    "elf",
    "sniff",
    "system-map",
    "page-tables",
    "instructions",
    "kallsyms",
    "kept-map",
    "log-text",
)


def fuzz(root: Path, corpus: Path, reader: str, seconds: int) -> None:
    options = ("--seconds", str(seconds), "--corpus", str(corpus))
    result = subprocess.run(
        [sys.executable, str(root / "scripts/fuzz"), reader, *options],
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "stat::number_of_executed_units" in result.stderr


@pytest.mark.parametrize("reader", READERS)
def test_rubbish_is_refused_with_an_error_of_ours(root: Path, tmp_path: Path, reader: str) -> None:
    fuzz(root, tmp_path, reader, SECONDS)


@pytest.mark.soak
@pytest.mark.parametrize("reader", READERS)
def test_an_hour_of_rubbish_is_refused(root: Path, tmp_path: Path, reader: str) -> None:
    fuzz(root, tmp_path, reader, SOAK_SECONDS)


@pytest.mark.parametrize("reader", READERS)
def test_what_fuzzing_begins_with_is_read(reader: str) -> None:
    """All changes of a seed that is refused at once are, too: nothing is fuzzed then."""
    seed = BY_NAME[reader].seed()
    expected = "cut short: it has" if reader == "dump" else "None"
    assert expected in str(refused(BY_NAME[reader], seed))
    if reader in ("notes", "kallsyms", "sniff", "page-tables", "instructions"):
        assert BY_NAME[reader].read(seed)


def test_every_reader_is_fuzzed(root: Path) -> None:
    result = subprocess.run(
        [sys.executable, root / "scripts/fuzz", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    assert tuple(result.stdout.split()) == READERS
