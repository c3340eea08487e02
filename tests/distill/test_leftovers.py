# SPDX-License-Identifier: LGPL-2.1-or-later
"""A redacted dump is searched before it gets its name: with a leftover there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from inspector.distill import leftovers, redact
from inspector.distill.noting import Patches
from inspector.errors import TargetError
from inspector.formats.kdump import KdumpPages
from inspector.model.distillate import REDACTED, SensitiveKind
from inspector.queries.distill import small_dump
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec, shipped_dump

COMM = 16  # TASK_COMM_LEN
REGISTER = 8


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return tmp_path / "small"


def redacted(core: Path, small: Path) -> None:
    everything = frozenset(SensitiveKind)
    small_dump(core, small, step=lambda _what: None, redact=everything)


def nothing_is_left(small: Path) -> bool:
    return not any(small.parent.iterdir())


FORGOTTEN: dict[SensitiveKind, Callable[[bytes], bool]] = {
    SensitiveKind.TASK_NAMES: lambda content: len(content) == COMM,
    SensitiveKind.LOG: lambda content: len(content) > COMM,
    SensitiveKind.STACK_DATA: lambda content: content == bytes(REGISTER),
    SensitiveKind.USER_REGISTERS: lambda content: content == REDACTED,
}


@pytest.mark.parametrize("kind", FORGOTTEN, ids=lambda kind: kind.value)
def test_what_was_not_replaced_is_found(
    kind: SensitiveKind, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Patches.put

    def forgets(patches: Patches, address: int, content: bytes) -> int:
        return len(content) if FORGOTTEN[kind](content) else put(patches, address, content)

    monkeypatch.setattr(Patches, "put", forgets)
    with pytest.raises(TargetError, match=kind.value):
        redacted(shipped_dump(None), small)
    assert nothing_is_left(small)


def test_a_copy_elsewhere_is_found(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task's name that stands in another object too, where nobody looked for one."""
    page = Patches.page
    names = [b"int80-pause", b"wait4-child"]
    planted: list[int] = []

    def plants(patches: Patches, frame: int, before: bytes) -> bytes:
        after = page(patches, frame, before)
        at = before.find(names[0])
        if at < 0 or planted:
            return after
        planted.append(frame)
        return after.replace(REDACTED + bytes(COMM - len(REDACTED)), names[1].ljust(COMM, b"\0"), 1)

    monkeypatch.setattr(Patches, "page", plants)
    with pytest.raises(TargetError, match="task-names") as refused:
        redacted(shipped_dump(None), small)
    assert planted
    assert f"{planted[0]:x}" in str(refused.value)
    assert nothing_is_left(small)


def test_a_dump_that_cannot_be_searched_is_none(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Empty(KdumpPages):
        def page(self, frame: int) -> bytes | None:
            return None

    monkeypatch.setattr(leftovers, "KdumpPages", Empty)
    with pytest.raises(TargetError):
        redacted(shipped_dump(None), small)
    assert nothing_is_left(small)


def test_an_error_while_it_is_redacted_leaves_no_dump(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_word: int) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(redact, "may_be_data", fails)
    with pytest.raises(ZeroDivisionError):
        redacted(shipped_dump(None), small)
    assert nothing_is_left(small)


def test_the_logs_own_names_of_tasks_are_taken_out(small: Path) -> None:
    """Of a kernel whose records name the tasks that wrote them (struct printk_info's comm)."""
    core = shipped_dump("fork-7.2")
    assert names_in_the_log(core) - {b""}
    redacted(core, small)
    assert names_in_the_log(small) <= {b"", REDACTED}


def names_in_the_log(core: Path) -> set[bytes]:
    with open_target_source(TargetSpec(TargetKind.CORE, str(core))) as source:
        read = source.target.read
        return {read(low, high - low).split(b"\0")[0] for low, high in source.log_name_places()}
