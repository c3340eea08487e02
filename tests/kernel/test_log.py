# SPDX-License-Identifier: LGPL-2.1-or-later
import re
from pathlib import Path

import pytest

from inspector.kernel.log import (
    death_in,
    log_name_places,
    log_places,
    log_tail,
    oopses_in,
    panic_in,
)
from inspector.model.machine import DeathKind, LogLine
from inspector.target.target import Target

LOGS = Path(__file__).parent.parent / "logs" / "mishaps"
_STAMP = re.compile(r"\[ *(\d+)\.(\d+)\] ?(.*)")


def real(name: str) -> list[LogLine]:
    """A console's log of a real kernel, after lines of a boot."""
    stamped = map(_STAMP.match, (LOGS / f"{name}.log").read_text(errors="replace").splitlines())
    told = [LogLine(int(m[1]) * 10**9 + int(m[2]) * 1000, 4, 0, "T121", m[3]) for m in stamped if m]
    return [*log("usb 1-1: new device", "a line that is no part of it"), *told]


SUITES = ("bullseye", "bookworm", "trixie", "sid")
DEATHS = {
    "null": (DeathKind.OOPS, "BUG: kernel NULL pointer dereference"),
    "call-null": (DeathKind.OOPS, "BUG: kernel NULL pointer dereference"),
    "protection": (DeathKind.OOPS, "general protection fault"),
    "divide": (DeathKind.OOPS, "divide error"),
    "bug": (DeathKind.OOPS, "kernel BUG at "),
    "overflow": (DeathKind.OOPS, "BUG: TASK stack guard page was hit"),
    "int3": (DeathKind.OOPS, "int3: "),
    "warn": (DeathKind.WARN, "WARNING: "),
    "soft-lockup": (DeathKind.LOCKUP, "watchdog: BUG: soft lockup"),
    "rcu-stall": (DeathKind.STALL, "rcu: INFO: rcu_"),
}
CELLS = [
    (name, suite) for name in DEATHS for suite in SUITES if (LOGS / f"{suite}-{name}.log").exists()
]


def test_there_are_logs_of_every_death() -> None:
    assert {name for name, _suite in CELLS} == DEATHS.keys()
    assert len(CELLS) > 20


@pytest.mark.parametrize(("name", "suite"), CELLS)
def test_a_real_death_begins_with_its_headline(name: str, suite: str) -> None:
    kind, wanted = DEATHS[name]
    excerpt = death_in(real(f"{suite}-{name}"), kind)
    assert excerpt.headline is not None
    assert excerpt.headline.removeprefix("Oops: ").startswith(wanted)
    texts = [line.text for line in excerpt.lines]
    assert "a line that is no part of it" not in texts
    assert texts.index(excerpt.headline) <= 2  # a BUG()'s and a WARN()'s own words come before


@pytest.mark.parametrize("suite", SUITES)
def test_what_a_warning_says_stands_above_its_place(suite: str) -> None:
    excerpt = death_in(real(f"{suite}-warn"), DeathKind.WARN)
    assert excerpt.above == ("mishap: a warning",)
    assert "cut here" in excerpt.lines[0].text


def test_of_nested_oopses_the_first_is_the_death() -> None:
    nested = log("Oops: divide error: 0000 [#1] SMP", "RIP: 0010:f+0x1/0x2", *OOPS)
    assert death_in(nested, DeathKind.OOPS).headline == nested[0].text


def test_an_oops_that_was_survived_is_not_the_death() -> None:
    survived = ("Oops: divide error: 0000 [#1] SMP", "---[ end trace 0000000000000000 ]---")
    assert death_in(log(*survived, *OOPS), DeathKind.OOPS).headline == OOPS[0]
    assert death_in(log(*survived, PANIC), DeathKind.PANIC).headline == PANIC


def test_a_long_death_says_how_much_is_left_out() -> None:
    excerpt = death_in(log(*OOPS, *["a line"] * 500, PANIC), DeathKind.OOPS)
    assert len(excerpt.lines) + excerpt.left_out == len(OOPS) + 501
    assert 0 < excerpt.after < len(excerpt.lines) < 150
    assert excerpt.lines[-1].text == PANIC


def test_where_nothing_died_the_end_is_shown() -> None:
    excerpt = death_in(log(*["a line"] * 500), None)
    assert (excerpt.headline, excerpt.left_out) == (None, 0)
    assert 0 < len(excerpt.lines) < 100


def log(*texts: str, facility: int = 0) -> list[LogLine]:
    return [LogLine(i, 4, facility, "T1", text) for i, text in enumerate(texts)]


OOPS = (
    "BUG: kernel NULL pointer dereference, address: 0000000000000000",
    "#PF: supervisor write access in kernel mode",
    "Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "CPU: 1 PID: 106 Comm: forker",
    "RIP: 0010:vfs_read+0x1/0x2",
)
PANIC = "Kernel panic - not syncing: Fatal exception"


def test_a_panic_with_the_oops_that_led_to_it() -> None:
    found = panic_in(log("usb 1-1: new device", *OOPS, PANIC, f"---[ end {PANIC} ]---"))
    assert (found.message, found.cause) == (PANIC, OOPS[0])


def test_the_last_oops_is_the_cause() -> None:
    found = panic_in(log("kernel BUG at mm/slub.c:1!", "RIP: 0010:kfree", *OOPS, PANIC))
    assert found.cause == OOPS[0]


def test_what_user_space_wrote_is_not_believed() -> None:
    assert panic_in(log(PANIC, OOPS[0], facility=1)).message is None
    assert panic_in(
        [*log(PANIC), *log("Kernel panic - not syncing: fake", facility=1)]
    ).message == (PANIC)


def test_no_panic_is_none() -> None:
    assert panic_in(log("usb 1-1: new device")).message is None
    assert panic_in(()).cause is None


def test_each_oops_has_its_count_its_headline_and_its_place() -> None:
    divide = (
        "Oops: divide error: 0000 [#2] SMP",
        "CPU: 1 PID: 9 Comm: x",
        "RIP: 0010:boom+0x4/0x9",
    )
    assert oopses_in(log(*OOPS, "a line", *divide)) == {
        1: f"{OOPS[0]}, at vfs_read+0x1/0x2",
        2: f"{divide[0]}, at boom+0x4/0x9",
    }


def test_an_oops_that_user_space_wrote_is_none() -> None:
    assert oopses_in(log(*OOPS, facility=1)) == {}


def test_the_tail_of_a_shipped_dumps_log_is_of_its_kernel(target: Target) -> None:
    lines = log_tail(target, 100)
    assert len(lines) >= 100  # a record may be of several lines
    assert [line.time_ns for line in lines] == sorted(line.time_ns for line in lines)
    told = " ".join(line.text for line in lines)
    assert target.kernel.release in told  # "CPU: 0 PID: 1 Comm: x Tainted: G OE 6.1.0-56 #1"
    assert log_tail(target, 10) == lines[-len(log_tail(target, 10)) :]


def test_the_places_of_a_log_hold_its_text(target: Target) -> None:
    lines = log_tail(target, 20)
    held = [target.read(low, high - low) for low, high in log_places(target, 20)]
    whole = b"\n".join(reversed(held)).decode(errors="replace")
    for line in lines:
        assert line.text.split("\\")[0] in whole
    for low, high in log_name_places(target, 20):
        assert high - low == 16


def test_the_death_in_a_shipped_dumps_log_is_that_of_its_name(target: Target, name: str) -> None:
    lines = log_tail(target, 100)
    if name.startswith("oops"):
        death = death_in(lines, DeathKind.OOPS)
        assert death.headline is not None
        assert "NULL pointer dereference" in death.headline  # scripts/lab death null
    if name.startswith("fork"):
        message = panic_in(lines).message
        assert message is not None
        assert (
            "framefreeze: hit 3 of __x64_sys_fork" in message
        )  # the third, as the module was told
