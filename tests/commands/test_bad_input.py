# SPDX-License-Identifier: LGPL-2.1-or-later
"""Input that is no kernel dump: exit 2, one clear line, no traceback."""

import json
import struct
from pathlib import Path

import pytest

from inspector.target.spec import shipped_dump
from tests.conftest import Inspector

SHIPPED = shipped_dump(None)
ELF = b"\x7fELF\2\1\1" + bytes(9)


def user_core(machine: int = 62) -> bytes:
    """The least core file of a process: a header, and a note that tells a thread's registers."""
    note = struct.pack("<III", 5, 336, 1) + b"CORE\0\0\0\0" + bytes(336)
    header = struct.pack("<HHIQQQIHHHHHH", 4, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 4, 0, 120, 0, 0, len(note), 0, 4)
    return ELF + header + segment + note


# The content, and a name that the error says beside the file's own.
BAD = {
    "empty": (b"", ""),
    "text": (b"hello, world\n" * 100, ""),
    "user-core": (user_core(), ""),
    "arm64": (user_core(machine=183), "arm64"),
    "32-bit": (user_core(machine=3), "32-bit x86"),
    "half": (SHIPPED.read_bytes()[: SHIPPED.stat().st_size // 2], ""),
    "flattened": (b"makedumpfile".ljust(4096, b"\0"), "makedumpfile -R"),
}


@pytest.mark.parametrize("command", ["frames", "diff", "explain", "stack"])
@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_in_one_line(
    command: str, kind: str, tmp_path: Path, inspector: Inspector
) -> None:
    content, named = BAD[kind]
    path = tmp_path / "dump"
    path.write_bytes(content)
    refused(inspector, (path, named), command, "--core", path)


def test_distill_refuses_the_same_and_leaves_nothing(tmp_path: Path, inspector: Inspector) -> None:
    for kind, (content, named) in BAD.items():
        path = tmp_path / kind
        path.write_bytes(content)
        refused(inspector, (path, named), "distill", path, "-o", tmp_path / "small")
        assert not (tmp_path / "small").exists()
    assert {path.name for path in tmp_path.iterdir()} == set(BAD)


def test_a_path_that_does_not_exist_and_a_directory(tmp_path: Path, inspector: Inspector) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        refused(inspector, (path,), "frames", "--core", path)


@pytest.mark.parametrize("cut", [1, 8, 300, 463, 4095, 4096, 4300, 5000, 20480, 100_000, -4096, -1])
def test_a_dump_cut_anywhere_is_refused(cut: int, tmp_path: Path, inspector: Inspector) -> None:
    path = tmp_path / "cut"
    path.write_bytes(SHIPPED.read_bytes()[:cut])
    refused(inspector, (path,), "frames", "--core", path)


def test_a_vmlinux_that_is_none_or_of_another_build(inspector: Inspector) -> None:
    build_id = json.loads(inspector("frames", "--demo", "--format", "json").stdout)["kernel"][
        "build_id"
    ]
    for path, named in (("/nonexistent/vmlinux", ""), ("/bin/sh", build_id)):
        refused(inspector, (path, named), "frames", "--demo", "--vmlinux", path)


def test_more_than_one_target_and_unknown_names(inspector: Inspector) -> None:
    refused(inspector, ("--demo", "--core"), "frames", "--demo", "--core", SHIPPED)
    for *words, unknown in (
        ("frames", "--dump", "no-such-dump"),
        ("frames", "--demo", "--no-such-option"),
        ("no-such-command",),
        ("frames", "--demo", "--origin", "no-such-origin"),
    ):
        refused(inspector, (unknown,), *words, unknown)


def test_what_is_not_there_is_exit_one(inspector: Inspector) -> None:
    for what in ("999999", "0xffff888000000000"):
        result = inspector("explain", "--demo", what)
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1
        assert what in result.stderr
    assert inspector("explain", "--demo", "--record", "4711").returncode == 1
    assert inspector("frames", "--demo", "--syscall", "reboot").returncode == 1


def refused(inspector: Inspector, named: tuple[str | Path, ...], *arguments: str | Path) -> None:
    result = inspector(*arguments)
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert all(str(name) in result.stderr for name in named), result
    assert result.stderr.startswith("inspector: ")
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
