# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real kernels' logs: what each tells must be what was done to its kernel.

``scripts/lab mishaps --suite SUITE -o tests/logs/mishaps`` makes them anew. What was done is in
scripts/labkit/mishaps.py and guest/mishap/mishap.c; nothing here is copied from an answer.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.logs.read import read_log
from inspector.model.evidence import Evidence
from inspector.model.oops import FrameShape, LogReport, ToldFrame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES

LOGS = sorted((Path(__file__).parent / "mishaps").glob("*.log"))
TIMER = {Origin.SYSVEC, Origin.IRQ}
# What happened → origin, vector and error code of the frame that is printed for it.
EXCEPTIONS = {
    "warn": (Origin.EXCEPTION, 6, None),
    "bug": (Origin.EXCEPTION, 6, None),
    "null": (Origin.PAGE_FAULT, 14, 2),  # a write, from kernel mode, to a page not present
    "interrupt": (Origin.PAGE_FAULT, 14, 2),
    "call-null": (Origin.PAGE_FAULT, 14, 0x10),  # an instruction fetch
    "protection": (Origin.GENERAL_PROTECTION, 13, 0),
    "divide": (Origin.EXCEPTION, 0, None),
    "int3": (Origin.INT3, 3, None),
    "overflow": (Origin.DOUBLE_FAULT, 8, 0),
}


def texts(statements: tuple[Evidence, ...]) -> str:
    return " ".join(statement.text for statement in statements)


def report_of(path: Path) -> LogReport:
    return read_log(path.read_bytes().decode(errors="replace"), path.name)


def mishap_of(path: Path) -> str:
    return path.stem.partition("-")[2]


def logs_of(*mishaps: str) -> list[Path]:
    return [path for path in LOGS if mishap_of(path) in mishaps]


def by_name(path: Path) -> str:
    return path.stem


def blocks(report: LogReport) -> tuple[ToldFrame, ...]:
    return tuple(frame for frame in report.frames if frame.shape is not FrameShape.PRINTED)


def test_there_are_logs_of_four_kernels() -> None:
    assert len(LOGS) >= 30
    assert {path.stem.partition("-")[0] for path in LOGS} == {
        "bullseye",
        "bookworm",
        "trixie",
        "sid",
    }


@pytest.mark.parametrize("path", LOGS, ids=by_name)
def test_every_frame_is_whole_and_of_its_mode(path: Path) -> None:
    text = path.read_text(errors="replace")
    found = blocks(report_of(path))
    assert len(found) == sum(
        "RIP: 0010:" in line or "RIP: 0033:" in line for line in text.splitlines()
    )
    for frame in found:
        line = text.splitlines()[frame.line - 1]
        assert frame.user_mode is ("RIP: 0033:" in line)
        # orig_ax is left out where it is -1, and ip is printed by its symbol in kernel mode.
        assert set(REGISTER_NAMES) - {"orig_ax", "ip"} <= frame.registers.keys()


@pytest.mark.parametrize("path", logs_of(*EXCEPTIONS), ids=by_name)
def test_an_exception_is_told_with_the_call_that_its_task_was_in(path: Path) -> None:
    found = blocks(report_of(path))
    first = found[0]
    assert (first.origin, first.vector, first.error_code) == EXCEPTIONS[mishap_of(path)]
    assert first.user_mode is False
    assert "orig_ax" not in first.registers
    if mishap_of(path) not in ("interrupt", "overflow"):  # these had left the task's own call
        _assert_in_write(found[1])
        assert f"line {found[1].line}: 1 (write)" in texts(first.story)


def _assert_in_write(frame: ToldFrame) -> None:
    """The shell's echo was in write(2)."""
    assert frame.origin is Origin.SYSCALL
    assert frame.user_mode is True
    assert frame.syscall is not None
    assert (frame.syscall.nr, frame.syscall.name) == (1, "write")


@pytest.mark.parametrize("path", logs_of("show-entry"), ids=by_name)
def test_the_entry_frame_alone_is_the_write(path: Path) -> None:
    (frame,) = blocks(report_of(path))
    _assert_in_write(frame)


@pytest.mark.parametrize("path", logs_of("show-ftrace", "show-int3"), ids=by_name)
def test_a_kprobes_frame_is_told_by_the_byte_before_ip(path: Path) -> None:
    found = blocks(report_of(path))
    ftrace = mishap_of(path) == "show-ftrace"
    assert found[0].origin is (Origin.FTRACE if ftrace else Origin.INT3)
    assert ("orig_ax" in found[0].registers) is ftrace
    for entry in found[1:]:
        _assert_in_write(entry)


@pytest.mark.parametrize("path", logs_of("print-ftrace", "print-int3"), ids=by_name)
def test_what_a_handler_prints_leaves_open_what_it_must(path: Path) -> None:
    (frame,) = report_of(path).frames
    assert frame.shape is FrameShape.PRINTED
    ftrace = mishap_of(path) == "print-ftrace"
    assert (Origin.FTRACE in frame.possible) is ftrace
    assert (Origin.INT3 in frame.possible) is not ftrace
    assert frame.user_mode is False


@pytest.mark.parametrize("path", logs_of("sysrq-l", "rcu-stall-deaf"), ids=by_name)
def test_the_cpu_that_an_nmi_asked_prints_the_nmis_frame(path: Path) -> None:
    assert any(frame.origin is Origin.NMI for frame in blocks(report_of(path)))


@pytest.mark.parametrize("path", logs_of("rcu-stall", "soft-lockup"), ids=by_name)
def test_what_a_timer_noticed_is_the_timers_frame(path: Path) -> None:
    kernel = [frame for frame in blocks(report_of(path)) if not frame.user_mode]
    assert kernel
    for frame in kernel:
        assert {frame.origin, *frame.possible} - {Origin.UNKNOWN} <= TIMER


@pytest.mark.parametrize("path", LOGS, ids=by_name)
def test_no_frame_of_user_mode_is_called_a_kernels_and_the_other_way_round(path: Path) -> None:
    for frame in blocks(report_of(path)):
        if frame.user_mode:
            assert frame.origin not in (Origin.FTRACE, Origin.OPTPROBE, Origin.KRETPROBE)
        else:
            assert frame.origin not in (Origin.SYSCALL, Origin.SYSCALL32)
            assert frame.syscall is None
