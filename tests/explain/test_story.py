# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a frame, from plain values; the real ones are in tests/guest."""

from dataclasses import replace

from inspector.explain.decode import decoded, flag_names
from inspector.explain.phrases import phrase
from inspector.explain.story import story
from inspector.model.absent import Absent, Why
from inspector.model.context import Context, Pointer, PointsTo
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Origin
from inspector.model.registers import Registers
from inspector.model.stack import StackKind
from inspector.model.symbol import Location
from inspector.model.syscall import Abi, Syscall
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


def test_the_seed_question_is_answered_from_an_ftrace_frame() -> None:
    context = Context({"ax": Pointer(PointsTo.ENTRY_FRAME)}, CLONE)
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
    assert "ax + 0x78, and is 57 fork" in told["story-points-home"].text
    assert told["story-points-home"].address == TOP
    assert told["story-number"].address == TOP + 0x78


def test_only_a_kernel_thread_is_called_one() -> None:
    of_thread = replace(FTRACE, task=replace(TASK, kernel_thread=True, entry_address=None))
    for frame_, thread in ((of_thread, True), (FTRACE, False), (BREAKPOINT, False)):
        rules = {stated.rule for stated in story(frame_, Context(), None)}
        assert ("story-kernel-thread" in rules) is thread
        assert "story-number" not in rules


def test_an_int3_frame_is_said_never_to_have_held_a_number() -> None:
    told = story(frame(Origin.INT3, kernel(LOW + 0x3000)), Context(), ENTRY)
    assert [stated.rule for stated in told] == ["story-int3", "story-number"]
    assert "57 fork" in told[-1].text


def test_any_register_that_points_to_the_entry_frame_is_said_to() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000, di=TOP))
    pointer = Pointer(PointsTo.ENTRY_FRAME)
    assert decoded(int3, "di", pointer) == "the task's own entry frame"


def test_ax_and_orig_ax_mean_different_things_in_each_origin() -> None:
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(ENTRY, "orig_ax", Context()).rule == "orig-ax-number"
    assert phrase(ENTRY, "ax", Context()).rule == "ax-enosys"
    assert phrase(int3, "orig_ax", Context()).rule == "orig-ax-int3"
    assert phrase(int3, "ax", Context()).rule == "ax-kernel-live"
    assert phrase(FTRACE, "orig_ax", Context()).rule == "orig-ax-ftrace"


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
    assert decoded(note, "orig_ax", None) == "never written"
    assert phrase(note, "orig_ax", Context()).rule == "absent-never-written"


def test_flags_are_named_highest_first() -> None:
    assert flag_names(0x246) == "IF ZF PF"
    assert flag_names(0x3002) == "IOPL3"


def test_several_registers_that_point_home_are_told_in_one_breath() -> None:
    pointer = Pointer(PointsTo.ENTRY_FRAME)
    int3 = frame(Origin.INT3, kernel(LOW + 0x3000, di=TOP, bx=TOP))
    told = story(int3, Context({"bx": pointer, "di": pointer}), ENTRY)
    assert [stated.rule for stated in told].count("story-points-home") == 1
    assert told[1].text.startswith(f"bx and di: {TOP:#x}")


def test_a_live_rax_is_a_number_and_a_result_may_be_an_errno() -> None:
    minus_one = (1 << 64) - 1
    assert decoded(frame(Origin.INT3, kernel(LOW, ax=minus_one)), "ax", None) == "-1"
    assert decoded(frame(Origin.KRETPROBE, kernel(LOW, ax=minus_one)), "ax", None) == "-1 -EPERM"
    assert decoded(ENTRY, "ax", None) == "-38 -ENOSYS"
