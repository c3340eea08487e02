# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel died of: chains of calls as a crashed kernel's stack has them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.classify.death import Death, killed_by, oops_frames, survived
from inspector.classify.origin import copied_note
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame
from inspector.model.machine import DeathKind
from inspector.model.origin import Origin
from inspector.model.stack import CallFrame, Location, StackKind
from tests.classify.values import LOW, TASK, TEXT, kernel

OUTER, INNER = LOW + 0x3000, LOW + 0x2000

SYSCALL = ("vfs_write", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")
PAGE_FAULT = ("exc_page_fault", "asm_exc_page_fault")
TIMER = ("sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt")


def frame(address: int, origin: Origin, vector: int | None = None, *evidence: Evidence) -> Frame:
    return Frame(
        address=address,
        origin=origin,
        user_mode=False,
        stack=StackKind.TASK,
        found_in=FoundIn.STACK,
        cpu=TASK.cpu,
        task=TASK,
        registers=kernel(address),
        evidence=evidence,
        vector=vector,
        interrupted=Location(TEXT + 6, "boom", 6, "crash"),
    )


def calls(*names: str, frames: tuple[Frame, ...] = ()) -> tuple[CallFrame, ...]:
    """Those names, innermost first; an ``asm_`` one is the entry code of the next frame."""
    found, waiting, sp = list[CallFrame](), list(frames), LOW + 0x1000
    for name in names:
        sp += 0x10
        if name.startswith("asm_") and waiting:
            sp = waiting.pop(0).address
        found.append(CallFrame(TEXT, sp, Location(TEXT, name, 0x10)))
    return tuple(found)


def death(*names: str, frames: tuple[Frame, ...] = (), message: str | None = None) -> Death:
    return Death(TASK, frames, calls(*names, frames=frames), {}, message, ())


FAULT = frame(OUTER, Origin.PAGE_FAULT, 14)


@pytest.mark.parametrize(
    "way",
    [
        ("machine_kexec", "__crash_kexec", "crash_kexec", "oops_end", "page_fault_oops"),
        ("__crash_kexec", "panic", "oops_end", "page_fault_oops"),
    ],
    ids=["crash_kexec(regs)", "panic(Fatal exception)"],
)
def test_an_oops_is_its_exceptions_frame(way: tuple[str, ...]) -> None:
    told = killed_by(death(*way, *PAGE_FAULT, *SYSCALL, frames=(FAULT,), message="Fatal exception"))
    assert (told.kind, told.frame, told.rule) == (DeathKind.OOPS, OUTER, "oops-frame")
    assert (told.cpu, told.pid, told.caller) == (TASK.cpu, TASK.pid, None)
    for named in ("boom+0x6", "crash", "forker", "112"):
        assert named in told.text


def test_of_nested_oopses_the_first_is_the_killer() -> None:
    second = frame(INNER, Origin.PAGE_FAULT, 14)
    first = frame(OUTER, Origin.EXCEPTION, 6)
    nested = death(
        *("__crash_kexec", "crash_kexec", "oops_end", "page_fault_oops", *PAGE_FAULT),
        *("notifier_call_chain", "__die", "die", "do_trap", "exc_invalid_op", "asm_exc_invalid_op"),
        *SYSCALL,
        frames=(second, first),
    )
    assert killed_by(nested).frame == OUTER
    assert [f.address for f in oops_frames(nested)] == [INNER, OUTER]


def test_where_nothing_can_be_unwound_the_note_tells_the_oops() -> None:
    noted = replace(FAULT, evidence=(copied_note(1, 0xFFFF888000002000),))
    told = killed_by(death(frames=(noted,)))
    assert (told.kind, told.frame) == (DeathKind.OOPS, OUTER)


def test_a_fault_that_was_repaired_killed_nobody() -> None:
    told = killed_by(
        death("panic", "driver_probe", *PAGE_FAULT, *SYSCALL, frames=(FAULT,), message="no")
    )
    assert (told.kind, told.frame) == (DeathKind.PANIC, None)
    assert told.caller == "driver_probe+0x10"


TICK = frame(OUTER, Origin.SYSVEC)
NMI = frame(OUTER, Origin.NMI, 2)
UD2 = frame(OUTER, Origin.EXCEPTION, 6)
CHECK = frame(OUTER, Origin.MACHINE_CHECK, 18)


@pytest.mark.parametrize(
    ("way", "found", "kind"),
    [
        (("panic", "watchdog_timer_fn", *TIMER), TICK, DeathKind.LOCKUP),
        (("panic", "rcu_sched_clock_irq", *TIMER), TICK, DeathKind.STALL),
        (
            ("panic", "nmi_panic", "watchdog_overflow_callback", "exc_nmi", "asm_exc_nmi"),
            NMI,
            DeathKind.HARD_LOCKUP,
        ),
        (("nmi_panic", "unknown_nmi_error", "exc_nmi", "asm_exc_nmi"), NMI, DeathKind.NMI),
        (
            ("panic", "__warn", "report_bug", "exc_invalid_op", "asm_exc_invalid_op"),
            UD2,
            DeathKind.WARN,
        ),
        (
            (
                "panic",
                "mce_panic",
                "do_machine_check",
                "exc_machine_check",
                "asm_exc_machine_check",
            ),
            CHECK,
            DeathKind.MACHINE_CHECK,
        ),
    ],
)
def test_what_is_about_interrupted_code_names_its_frame(
    way: tuple[str, ...], found: Frame, kind: DeathKind
) -> None:
    message = "RCU Stall" if kind is DeathKind.STALL else None
    told = killed_by(death(*way, *SYSCALL, frames=(found,), message=message))
    assert (told.kind, told.frame) == (kind, OUTER)


@pytest.mark.parametrize(
    ("names", "message", "kind"),
    [
        (("panic", "watchdog", "kthread"), "hung_task: blocked tasks", DeathKind.HUNG_TASK),
        (("panic", "out_of_memory", *PAGE_FAULT), None, DeathKind.OUT_OF_MEMORY),
        (("panic", "sysrq_handle_crash", *SYSCALL), "sysrq triggered crash", DeathKind.SYSRQ),
        (("panic", "vpanic", "give_up", *SYSCALL), "driver gives up", DeathKind.PANIC),
    ],
)
def test_a_panic_that_is_about_no_code_names_who_called_it(
    names: tuple[str, ...], message: str | None, kind: DeathKind
) -> None:
    told = killed_by(death(*names, message=message))
    assert (told.kind, told.frame) == (kind, None)
    assert told.caller == f"{next(n for n in names if 'panic' not in n)}+0x10"


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("watchdog: Watchdog detected hard LOCKUP on cpu 0", DeathKind.HARD_LOCKUP, "Hard LOCKUP"),
        ("rcu: \t0-...!: (1 GPs behind) idle=1", DeathKind.STALL, "RCU Stall"),
    ],
)
def test_a_watchdog_that_complains_of_another_cpu_names_that_cpus_frame(
    line: str, kind: DeathKind, message: str
) -> None:
    other = replace(frame(INNER, Origin.NMI, 2), cpu=0)
    here = death("panic", "watchdog_timer_fn", *TIMER, *SYSCALL, frames=(TICK,), message=message)
    stall = "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"
    told = killed_by(replace(here, of_cpus={0: (other,)}, log=(stall, line)))
    assert (told.kind, told.frame, told.cpu) == (kind, INNER, 0)


def test_an_oops_that_was_survived_is_listed_and_the_deadly_one_is_not() -> None:
    told = survived(3, {2: "BUG: two", 3: "BUG: three"}, 1)
    assert [oops.number for oops in told] == [1, 2]
    assert told[1].text == "BUG: two"
    assert survived(None, {1: "BUG: one"}, 1) == ()
    assert [oops.number for oops in survived(None, {1: "BUG: one"}, 0)] == [1]


def test_a_stall_that_a_cpu_tells_of_itself_is_that_cpus() -> None:
    log = ("rcu: INFO: rcu_preempt self-detected stall on CPU", "rcu:     0-....: (3003 ticks")
    here = death("panic", "rcu_sched_clock_irq", *TIMER, frames=(TICK,), message="RCU Stall")
    assert killed_by(replace(here, log=log)).frame == OUTER
