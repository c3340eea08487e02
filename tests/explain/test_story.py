# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a frame, from plain values; the real ones are in tests/guest."""

import re
from dataclasses import replace

from inspector.explain.meaning import story
from inspector.explain.registers import phrase
from inspector.explain.values import decoded, flag_names
from inspector.facts.uapi import Abi
from inspector.model.access import Context, Pointer, PointsTo
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame, Syscall
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import Absent, Registers, Why
from inspector.model.stack import Location, StackKind
from tests.classify.values import LOW, TASK, TOP, kernel, user

FORK = Syscall(57, Abi.X86_64, "fork", "__x64_sys_fork")
CLONE = Location(0xFFFFFFFF81000000, "kernel_clone", 0)


def frame(origin: Origin, registers: Registers, address: int = LOW + 0x3000) -> Frame:
    return Frame(
        address=address,
        origin=origin,
        user_mode=registers.user_mode,
        stack=StackKind.TASK,
        found_in=FoundIn.STACK,
        cpu=1,
        task=TASK,
        registers=registers,
        evidence=(),
        syscall=FORK if origin is Origin.SYSCALL else None,
    )


ENTRY = frame(Origin.SYSCALL, user(orig_ax=57, ax=(1 << 64) - 38), TOP)
BREAKPOINT = frame(Origin.INT3, user(orig_ax=(1 << 64) - 1), TOP)
FTRACE = frame(Origin.FTRACE, kernel(LOW + 0x3000, orig_ax=0, ax=TOP))


# As on the kernels at hand from 5.10 on: their own text says so.
MODERN = Context(
    {"ax": Pointer(PointsTo.ENTRY_FRAME)},
    CLONE,
    ftrace_stores_zero=True,
    never_probed=("do_syscall_64", "entry_SYSCALL_64"),
)


def test_the_seed_question_is_answered_from_an_ftrace_frame() -> None:
    context = MODERN
    told = {stated.rule: stated for stated in story(FTRACE, context, ENTRY)}
    assert list(told) == [
        "story-no-trap",
        "story-popular-answer",
        "story-probe-further-in",
        "story-points-home",
        "story-number",
        "story-entry-refused",
    ]
    assert "kernel_clone" in told["story-no-trap"].text
    for named in ("ax + 0x78", "57", "fork"):
        assert named in told["story-points-home"].text
    assert told["story-points-home"].address == TOP
    assert told["story-number"].address == TOP + 0x78


def test_only_a_kernel_thread_is_called_one() -> None:
    of_thread = replace(FTRACE, task=replace(TASK, kernel_thread=True, entry_address=None))
    for frame_, thread in ((of_thread, True), (FTRACE, False), (BREAKPOINT, False)):
        rules = {stated.rule for stated in story(frame_, Context(), None)}
        assert ("story-kernel-thread" in rules) is thread
        assert "story-number" not in rules


def rules_of(told: tuple[Evidence, ...]) -> list[str]:
    return [stated.rule for stated in told]


def test_what_a_kernel_allows_to_be_probed_is_not_said_to_be_refused() -> None:
    told = rules_of(story(FTRACE, replace(MODERN, never_probed=()), ENTRY))
    assert "story-entry-refused" not in told


def test_a_constant_is_told_of_only_where_the_running_text_stores_it() -> None:
    left_over = replace(FTRACE, registers=replace(FTRACE.registers, orig_ax=0x1234))
    by_rule: dict[str, set[str]] = {}
    for stores, value, rule in (
        (True, FTRACE, "orig-ax-ftrace"),
        (True, left_over, "orig-ax-ftrace-direct"),
        (False, FTRACE, "orig-ax-ftrace-left-over"),
        (False, left_over, "orig-ax-ftrace-left-over"),
        (None, FTRACE, "orig-ax-ftrace-unknown"),
    ):
        context = replace(MODERN, ftrace_stores_zero=stores)
        assert phrase(value, "orig_ax", context).rule == rule
        by_rule.setdefault(rule, set()).add(story(value, context, ENTRY)[0].text)
    of_constant = by_rule.pop("orig-ax-ftrace")
    assert all(of_constant.isdisjoint(others) for others in by_rule.values())
    assert "story-popular-answer" not in rules_of(story(left_over, MODERN, ENTRY))


def test_a_function_that_calls_ftrace_for_another_reason_is_not_said_to_be_probed() -> None:
    told = story(FTRACE, replace(MODERN, probe=None), ENTRY)
    assert "story-probe-further-in" not in rules_of(told)
    assert told[0].rule == "story-no-trap"
    assert told[0] != story(FTRACE, MODERN, ENTRY)[0]


def test_an_entry_frame_without_a_number_is_called_what_it_is() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000))
    called = set()
    for origin in (Origin.PAGE_FAULT, Origin.UNKNOWN, Origin.SYSCALL):
        entry = replace(frame(origin, user(orig_ax=(1 << 64) - 1), TOP), syscall=None)
        (no_number,) = (s for s in story(int3, Context(), entry) if s.rule == "story-no-number")
        called.add(no_number.text)
    assert len(called) == 3


def test_only_a_handler_that_takes_the_frame_is_advised_to_be_probed() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert "__x64_sys_fork" in story(int3, Context(), ENTRY)[-1].text
    for handler in (None, "sys_fork"):
        entry = replace(ENTRY, syscall=replace(FORK, handler=handler))
        assert "regs->di" not in story(int3, Context(), entry)[-1].text


def test_freds_int3_pushes_nothing() -> None:
    trapped = frame(Origin.INT3, kernel(LOW + 0x3000))
    by_idt, by_fred = (
        story(replace(trapped, delivery=delivery), Context(), ENTRY)[0]
        for delivery in (Delivery.IDT, Delivery.FRED)
    )
    assert (by_idt.rule, by_fred.rule) == ("story-int3", "story-int3")
    assert by_idt.text != by_fred.text


def test_an_int3_frame_is_said_never_to_have_held_a_number() -> None:
    told = story(frame(Origin.INT3, kernel(LOW + 0x3000)), Context(), ENTRY)
    assert [stated.rule for stated in told] == ["story-int3", "story-number"]
    assert "57" in told[-1].text
    assert "fork" in told[-1].text


def test_any_register_that_points_to_the_entry_frame_is_said_to() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000, di=TOP))
    others = {decoded(int3, "di", pointer) for pointer in (None, Pointer(PointsTo.KERNEL))}
    assert decoded(int3, "di", Pointer(PointsTo.ENTRY_FRAME)) not in {"", *others}


def test_ax_and_orig_ax_mean_different_things_in_each_origin() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(ENTRY, "orig_ax", Context()).rule == "orig-ax-number"
    assert phrase(ENTRY, "ax", Context()).rule == "ax-enosys"
    assert phrase(int3, "orig_ax", Context()).rule == "orig-ax-int3"
    assert phrase(int3, "ax", Context()).rule == "ax-kernel-live"
    assert phrase(FTRACE, "orig_ax", MODERN).rule == "orig-ax-ftrace"


def test_every_origin_has_a_phrase_for_every_register() -> None:
    for origin in Origin:
        for registers in (user(), kernel(LOW + 0x3000)):
            one = frame(origin, registers)
            assert all(phrase(one, register, Context()).text for register, _ in registers.items())


def test_an_absent_register_is_never_given_a_meaning() -> None:
    gone = Absent(Why.NEVER_WRITTEN, 1)
    note = Frame(
        address=LOW,
        origin=Origin.CRASH_NOTE,
        user_mode=False,
        stack=None,
        found_in=FoundIn.STACK,
        cpu=0,
        task=None,
        registers=kernel(LOW),
        evidence=(),
        absent={"orig_ax": gone},
    )
    assert decoded(note, "orig_ax", None) not in {"", decoded(note, "ip", None)}
    assert phrase(note, "orig_ax", Context()).rule == "absent-never-written"


def test_flags_are_named_highest_first() -> None:
    assert flag_names(0x246) == "IF ZF PF"
    assert flag_names(0x3002) == "IOPL3"


def test_several_registers_that_point_home_are_told_in_one_breath() -> None:
    pointer = Pointer(PointsTo.ENTRY_FRAME)
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000, di=TOP, bx=TOP))
    told = story(int3, Context({"bx": pointer, "di": pointer}), ENTRY)
    assert [stated.rule for stated in told].count("story-points-home") == 1
    for named in ("bx", "di", f"{TOP:#x}"):
        assert named in told[1].text


def test_a_live_rax_is_a_number_and_a_result_may_be_an_errno() -> None:
    minus_one = (1 << 64) - 1
    assert decoded(frame(Origin.INT3, kernel(LOW, ax=minus_one)), "ax", None) == "-1"
    assert decoded(frame(Origin.KRETPROBE, kernel(LOW, ax=minus_one)), "ax", None) == "-1 -EPERM"
    assert decoded(ENTRY, "ax", None) == "-38 -ENOSYS"


def test_a_live_user_register_is_no_errno() -> None:
    timer = frame(Origin.SYSVEC, user(ax=(1 << 64) - 38), TOP)
    assert decoded(timer, "ax", None) == "-38"


def test_a_number_without_a_name_is_not_said_not_to_be_a_syscall() -> None:
    unnamed = replace(ENTRY, syscall=Syscall(999, Abi.X86_64, None, None))
    assert re.match(r"999\b(?!.*ENOSYS)", decoded(unnamed, "orig_ax", None))
    newer = replace(ENTRY, syscall=Syscall(999, Abi.X86_64, None, "__x64_sys_new"))
    assert decoded(newer, "orig_ax", None) == "999 __x64_sys_new"


def test_ranges_are_named_and_only_a_mapping_makes_an_address_of_a_task() -> None:
    ranges = (PointsTo.KERNEL, PointsTo.USER, PointsTo.NOT_CANONICAL)
    named = {decoded(ENTRY, "di", Pointer(points_to)) for points_to in ranges}
    assert len(named - {""}) == len(ranges)
    assert decoded(ENTRY, "di", Pointer(PointsTo.NUMBER)) == ""
    for points_to, area in ((PointsTo.KERNEL, "vmalloc memory"), (PointsTo.USER, "the heap")):
        mapped = decoded(ENTRY, "di", Pointer(points_to, area=area))
        assert area in mapped
        assert mapped not in named
