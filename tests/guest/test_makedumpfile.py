# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real dump as makedumpfile writes it again: at every level, in every format it has.

No level leaves out what frames are made of: kernel stacks, tasks, tables.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from labkit.cache import Cache
from labkit.in_root import run_in_root
from labkit.suite_root import ensure_root
from labkit.suites import suite_named

from tests.answers import Answers
from tests.conftest import Inspector
from tests.faults import dumps
from tests.faults.test_formats import METHODS as OTHERWISE
from tests.guest.conftest import Crash, frames

FILTERED = "a kdump by makedumpfile at levels 0 to 31; uncompressed, zlib, lzo; ELF"
COMPRESSED = "a kdump at levels 0 to 31, by makedumpfile's zstd or by snappy"
FLATTENED = "a flattened dump, the parts of a split one; then put together"
LEVELS = range(32)
METHODS = ((), ("-c",), ("-l",))
SOME = (("-d", "1", "-c"), ("-d", "8"), ("-d", "16", "-l"), ("-d", "31", "-c"), ("-d", "31", "-E"))


@dataclass(frozen=True)
class Whole:
    """A dump of all memory that makedumpfile takes, and its frames."""

    path: Path
    frames: list[dict[str, Any]]


@pytest.fixture(scope="module")
def whole(
    kernels: dict[str, Crash], inspector: Inspector, tmp_path_factory: pytest.TempPathFactory
) -> Whole:
    crash = kernels["bookworm"]
    path = tmp_path_factory.mktemp("makedumpfile") / "whole"
    shutil.copyfile(crash.vmcore, path)
    put_segments_first(path)
    return Whole(path, frames(inspector, "--core", crash.vmcore))


@pytest.fixture(scope="module")
def by_zstd(whole: Whole) -> Iterator[Path]:
    """A dump a level, by trixie's makedumpfile: bookworm's has no zstd."""
    cache = Cache()
    root = ensure_root(cache, suite_named("trixie")) / "root.tar"
    with cache.scratch() as out:
        log = cache.logs / "zstd.log"
        run_in_root(cache, root, "zstd.sh", {"whole": whole.path}, out=out, log=log)
        yield out


def put_segments_first(path: Path) -> None:
    """Move an ELF dump's program headers behind its file header.

    QEMU 7.2 has section headers there, and makedumpfile looks nowhere else.
    """
    with path.open("r+b") as file:
        head = bytearray(file.read(4096))
        at, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
        head[64 : 64 + 56 * count] = head[at : at + 56 * count]
        struct.pack_into("<QQ", head, 32, 64, 0)
        struct.pack_into("<H", head, 52, 64)
        struct.pack_into("<HHH", head, 58, 0, 0, 0)
        file.seek(0)
        file.write(head)


def makedumpfile(*arguments: str | Path) -> None:
    subprocess.run(["makedumpfile", *map(str, arguments)], check=True, capture_output=True)


def same_frames(answers: Answers, whole: Whole, kind: str, path: Path) -> None:
    answer = answers.ask(kind, "frames", "-c", path, "--format", "json")
    assert (answer.status, answer.stderr) == (0, "")
    assert json.loads(answer.stdout)["frames"] == whole.frames


@pytest.mark.parametrize("options", SOME, ids=" ".join)
def test_a_filtered_dump_has_the_same_frames(
    options: tuple[str, ...], whole: Whole, answers: Answers, tmp_path: Path
) -> None:
    makedumpfile(*options, whole.path, tmp_path / "dump")
    same_frames(answers, whole, FILTERED, tmp_path / "dump")


@pytest.mark.soak
@pytest.mark.parametrize("method", METHODS, ids=" ".join)
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_and_method_has_the_same_frames(
    level: int, method: tuple[str, ...], whole: Whole, answers: Answers, tmp_path: Path
) -> None:
    makedumpfile("-d", str(level), *method, whole.path, tmp_path / "dump")
    same_frames(answers, whole, FILTERED, tmp_path / "dump")
    (tmp_path / "dump").unlink()


@pytest.mark.soak
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_the_same_frames_by_zstd(
    level: int, whole: Whole, by_zstd: Path, answers: Answers
) -> None:
    same_frames(answers, whole, COMPRESSED, by_zstd / str(level))


def compress_by_snappy(path: Path) -> None:
    path.write_bytes(dumps.compressed_otherwise(path.read_bytes(), *OTHERWISE["snappy"]))


@pytest.mark.soak
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_the_same_frames_by_snappy(
    level: int, whole: Whole, answers: Answers, tmp_path: Path
) -> None:
    """Compressed again: no Debian has a makedumpfile with snappy."""
    path = tmp_path / "dump"
    makedumpfile("-d", str(level), "-c", whole.path, path)
    # Aside: a child's peak of memory begins with what its parent has.
    aside = get_context("spawn").Process(target=compress_by_snappy, args=(path,))
    aside.start()
    aside.join()
    assert aside.exitcode == 0
    same_frames(answers, whole, COMPRESSED, path)
    path.unlink()


def test_a_flattened_dump_is_refused_with_the_command_that_mends_it(
    whole: Whole, answers: Answers, tmp_path: Path
) -> None:
    flat = tmp_path / "flat"
    with flat.open("wb") as file:
        argv = ["makedumpfile", "-F", "-c", "-d", "31", str(whole.path)]
        subprocess.run(argv, check=True, stdout=file, stderr=subprocess.DEVNULL)
    mend = f"makedumpfile -R OUT < {flat}"
    answers.refused(FLATTENED, mend, "frames", "-c", flat)
    subprocess.run(mend, shell=True, check=True, cwd=tmp_path, capture_output=True)
    same_frames(answers, whole, FLATTENED, tmp_path / "OUT")


def test_parts_of_a_split_dump_are_refused_with_the_command_that_mends_them(
    whole: Whole, answers: Answers, tmp_path: Path
) -> None:
    parts = [tmp_path / f"part{number}" for number in range(2)]
    makedumpfile("--split", "-c", "-d", "31", whole.path, *parts)
    for part in parts:
        answers.refused(FLATTENED, "makedumpfile --reassemble PART… OUT", "frames", "-c", part)
    makedumpfile("--reassemble", *parts, tmp_path / "OUT")
    same_frames(answers, whole, FLATTENED, tmp_path / "OUT")
