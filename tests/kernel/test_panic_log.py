# SPDX-License-Identifier: LGPL-2.1-or-later
from inspector.kernel.panic_log import oopses_in, panic_in
from inspector.model.machine import LogLine


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
