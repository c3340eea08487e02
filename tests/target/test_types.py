# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the cache of type indexes gives back is what would have been made anew."""

import os
from pathlib import Path

import pytest

from inspector.formats import btf
from inspector.formats.btf import Btf
from inspector.target.kallsyms import vmlinux_kallsyms
from inspector.target.open import open_core
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.symbols import Symbols
from inspector.target.target import vmcoreinfo
from inspector.target.types import indexed

BUILD_ID = "0123456789abcdef"


@pytest.fixture(scope="module")
def blob() -> bytes:
    """The BTF of the shipped dump."""
    prog, _identity = open_core(TargetSpec(TargetKind.DEMO))
    symbols = Symbols(prog, vmlinux_kallsyms(prog, vmcoreinfo(prog), "demo", None))
    start, stop = symbols.address_of("__start_BTF"), symbols.address_of("__stop_BTF")
    assert start is not None
    assert stop is not None
    return bytes(prog.read(start, stop - start))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many types each index had that was made, not loaded."""
    calls: list[int] = []
    real = btf.type_index

    def counting(words: memoryview) -> btf.TypeIndex:
        index = real(words)
        calls.append(len(index.offsets))
        return index

    monkeypatch.setattr(btf, "type_index", counting)
    return calls


def test_the_second_time_the_same_index_is_loaded(
    blob: bytes, cache: Path, made: list[int]
) -> None:
    first = indexed(blob, BUILD_ID)
    second = indexed(blob, BUILD_ID)
    assert made == [len(first)]
    assert second.index == first.index == Btf(blob).index
    (file,) = cache.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert cache.stat().st_mode & 0o777 == 0o700


def test_another_btf_of_the_same_build_id_gets_its_own_index(
    blob: bytes, cache: Path, made: list[int]
) -> None:
    other = blob[:-2] + b"x\0"
    indexed(other, BUILD_ID)
    assert indexed(blob, BUILD_ID).index == Btf(blob).index
    assert len(made) == 3


@pytest.mark.parametrize("at", [0, 20, 60, 200, 100_000, -1])
def test_a_damaged_file_is_made_anew(blob: bytes, cache: Path, made: list[int], at: int) -> None:
    good = indexed(blob, BUILD_ID).index
    (file,) = cache.iterdir()
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)
    assert indexed(blob, BUILD_ID).index == good
    assert indexed(blob, BUILD_ID).index == good
    assert len(made) == 2


def test_a_file_cut_short_is_made_anew(blob: bytes, cache: Path, made: list[int]) -> None:
    good = indexed(blob, BUILD_ID).index
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert indexed(blob, BUILD_ID).index == good
    assert len(made) == 2


def test_a_file_that_others_may_write_is_not_believed(
    blob: bytes, cache: Path, made: list[int]
) -> None:
    indexed(blob, BUILD_ID)
    (file,) = cache.iterdir()
    file.chmod(0o622)
    indexed(blob, BUILD_ID)
    assert len(made) == 2


def test_the_cache_keeps_few_kernels(blob: bytes, cache: Path) -> None:
    for number in range(20):
        indexed(blob, f"{number:016x}")
    assert len(list(cache.iterdir())) == 16
    assert list(cache.glob(f"{19:016x}-*.btf"))


@pytest.mark.parametrize("build_id", [None, "", "../../../tmp/x", "ABCDEF0123", "xyz"])
def test_what_is_no_build_id_names_no_file(blob: bytes, cache: Path, build_id: str | None) -> None:
    assert indexed(blob, build_id).index == Btf(blob).index
    assert not cache.exists()


def test_it_can_be_done_without(blob: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAME_INSPECTOR_NO_CACHE", "1")
    assert indexed(blob, BUILD_ID).index == Btf(blob).index
    assert not cache.exists()


def test_where_nothing_can_be_written_nothing_is_lost(
    blob: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = cache.parent.parent / "file"
    nowhere.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(nowhere))
    assert indexed(blob, BUILD_ID).index == Btf(blob).index
