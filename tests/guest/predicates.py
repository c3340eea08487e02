# SPDX-License-Identifier: LGPL-2.1-or-later
"""For each rule, what must hold in the guest where its statement is true.

A predicate is given a statement and what is known of the frame that it is judged by (not the
answer's own word for it): :class:`Case`. None: nothing is known there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.guest.statements import WORKING, Claim, Json, Tally, Trap, World, claims_of

MINUS_ONE, ENOSYS = (1 << 64) - 1, (1 << 64) - 38
_USER_TOP = 1 << 56  # five-level paging; negative addresses are the kernel's
_SYSCALLS = ("syscall", "syscall32", "int80")
_FAULTS = {0, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19}  # not traps: ip is the instruction
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_SYSCALL_ORDER = ("di", "si", "dx", "r10", "r8", "r9")
_C_ORDER = ("di", "si", "dx", "cx", "r8", "r9")
_IA32_ORDER = ("bx", "cx", "dx", "si", "di", "bp")
_FORKS, _EXECS = {56, 57, 58, 435, 2, 120, 190}, {59, 11}
_HEX = re.compile(r"0x[0-9a-f]+")
_OPERAND = re.compile(r"\b(r\d+|[a-d]x|[sd]i|[sb]p) is (0x[0-9a-f]+)")

# Which code's calls are given frames of which origin: arch/x86/entry, kernel/ftrace_64.S.
_ENTRIES = {
    "syscall": r"entry_SYSCALL_64\w*",
    "syscall32": r"entry_SYS(CALL|ENTER)_compat\w*|asm_sysenter\w*|sysenter\w*",
    "int80": r"asm_int80_emulation|entry_INT80_compat\w*|asm_exc_int80\w*",
    "int3": r"asm_exc_int3",
    "int3-step": r"asm_exc_int3",
    "page-fault": r"asm_exc_page_fault",
    "general-protection": r"asm_exc_general_protection",
    "debug": r"asm_exc_debug",
    "double-fault": r"asm_exc_double_fault",
    "machine-check": r"asm_exc_machine_check",
    "exception": r"asm_exc_\w+",
    "nmi": r"asm_exc_nmi|end_repeat_nmi|nmi_\w+|first_nmi",
    "irq": r"asm_common_interrupt",
    "sysvec": r"asm_sysvec_\w+",
    "kretprobe": r"(__)?kretprobe_trampoline|arch_rethook_trampoline",
    "ftrace": r"ftrace_regs_call\w*",
    "ftrace-args": r"ftrace_call\w*",
    "fork-child": r"ret_from_fork\w*",
    "exec": r"entry_SYSCALL_64\w*|ret_from_fork\w*|entry_SYS\w+|entry_INT80\w*|asm_int80\w*",
    "worker": r"ret_from_fork\w*",
}
_TRAMPOLINES = {"kretprobe_trampoline", "__kretprobe_trampoline", "arch_rethook_trampoline"}


@dataclass(frozen=True, slots=True)
class Case:
    """A statement, and what is known of the frame that it is judged by.

    :ivar true: what the guest's module said of that frame
    :ivar trap: what the CPU logged of it, None where no trap made it
    """

    world: World
    claim: Claim
    true: Json
    trap: Trap | None

    @property
    def origin(self) -> str:
        return str(self.true["origin"])

    @property
    def frame_at(self) -> int:
        return int(self.true["address"], 16)

    def known(self, register: str) -> int:
        """orig_ax, ip, sp or cx by the guest's module."""
        return int(self.true["registers"][register], 16)

    @property
    def value(self) -> int:
        """Of the register that the statement is about."""
        value = self.claim.value
        assert value is not None
        return value

    def byte(self, address: int) -> int | None:
        data = self.world.bytes(address, 1)
        return None if data is None else data[0]

    @property
    def hexes(self) -> list[int]:
        """Every 0x… of the text."""
        return [int(word, 16) for word in _HEX.findall(self.claim.text)]


Predicate = Callable[[Case], bool | None]


def _is(*origins: str) -> Predicate:
    return lambda case: case.origin in origins


def _all(*predicates: Predicate) -> Predicate:
    """True where all are; False where one is false; None where nothing is false and one unknown."""

    def every(case: Case) -> bool | None:
        verdicts = [predicate(case) for predicate in predicates]
        if False in verdicts:
            return False
        return None if None in verdicts else True

    return every


def _live(case: Case) -> bool | None:
    """The register holds what the interrupted code had in it."""
    if case.trap is None:
        return None
    return case.trap.has(case.claim.register or "", case.value)


def _mode(cpl: int) -> Predicate:
    return lambda case: None if case.trap is None else case.trap.cpl == cpl


def _orig_ax(*values: int) -> Predicate:
    return lambda case: case.known("orig_ax") in values


def _holds(*values: int) -> Predicate:
    return lambda case: case.value in values


def _same(register: str) -> Predicate:
    """The register's value is the one that the guest's module told."""
    return lambda case: case.value == case.known(register)


def _trapped(check: Callable[[Trap, Case], bool]) -> Predicate:
    return lambda case: None if case.trap is None else check(case.trap, case)


def _not_trapped(case: Case) -> bool:
    return case.trap is None


def _ordinal(order: tuple[str, ...]) -> Predicate:
    def right(case: Case) -> bool:
        register = case.claim.register or ""
        if register not in order:
            return False
        return f"{_ORDINALS[order.index(register)]} argument" in case.claim.text

    return right


def _number(case: Case) -> bool | None:
    """The number in orig_ax; of an int 0x80 the log has the rax that carried it."""
    number = case.known("orig_ax") & 0xFFFF_FFFF
    if case.value & 0xFFFF_FFFF != number:
        return False
    if case.origin == "int80" and case.trap is not None:
        return case.trap.registers["ax"] & 0xFFFF_FFFF == number
    return number < 600


def _return_address(case: Case) -> bool | None:
    claim, word = case.claim, case.world.word(case.frame_at - 8)
    if claim.address != case.frame_at - 8 or word is None or word not in case.hexes:
        return False
    names = case.world.symbols_at(word - 1)
    if not names:  # generated text has no symbol
        return None if names is None else case.origin in ("optprobe", "ftrace", "ftrace-args")
    right = _ENTRIES.get(case.origin)
    if right is None or not any(name in claim.text for name in names):
        return False
    return any(re.fullmatch(right, name) for name in names)


def _argument(case: Case) -> bool:
    order = _SYSCALL_ORDER if case.origin == "syscall" else _IA32_ORDER
    return bool(_ordinal(order)(case))


def _byte_is(opcode: int, *, behind: int) -> Predicate:
    """The byte ``behind`` bytes before the true ip."""
    return lambda case: case.byte(case.known("ip") - behind) == opcode


def _stated_byte(opcode: int) -> Predicate:
    """The byte where the statement says that one can look, just before ip."""

    def right(case: Case) -> bool:
        at = case.claim.address
        return at == case.known("ip") - 1 and case.byte(at) == opcode

    return right


def _gap(case: Case) -> bool:
    return case.known("sp") - case.frame_at - 168 in case.hexes


def _call_before(case: Case) -> bool | None:
    """A call ends where the word at sp leads."""
    word = case.world.word(case.value)
    before = None if word is None else case.world.bytes(word - 7, 7)
    if before is None:
        return False
    return before[2] == 0xE8 or 0xFF in before[:6]


def _flags(case: Case) -> bool | None:
    trap = case.trap
    if trap is None or trap.flags is None or case.origin == "int3-step":
        return None
    return not (trap.flags ^ case.value) & ~(1 << 16)  # a fault's frame has RF set


def _interrupts(case: Case) -> bool | None:
    trap = case.trap
    if trap is None or trap.flags is None or case.origin == "int3-step":
        return None  # a step runs with interrupts off, and resume_singlestep() restores the flags
    return case.claim.text.endswith("on" if trap.flags >> 9 & 1 else "off")


def _selector(of: Callable[[Trap], int]) -> Predicate:
    return _trapped(lambda trap, case: of(trap) == case.value & 0xFFFF)


def _entry_of(case: Case) -> Json | None:
    """The entry frame of the same task, by the guest's module."""
    mine = (f for f in case.world.truth.values() if f["pid"] == case.true["pid"])
    tops = [f for f in mine if f["stack"] == "task"]
    return max(tops, key=lambda f: int(f["address"], 16), default=None)


def _number_at(case: Case) -> bool | None:
    entry = _entry_of(case)
    if entry is None or case.claim.address is None:
        return None
    at = int(entry["address"], 16)
    number = int(entry["registers"]["orig_ax"], 16) & 0xFFFF_FFFF
    right = case.claim.address == at + 0x78 and entry["origin"] in (*_SYSCALLS, "fork-child")
    return right and re.search(rf"is {number}\b", case.claim.text) is not None


def _no_number(case: Case) -> bool | None:
    entry = _entry_of(case)
    if entry is None:
        return None
    right = case.claim.address == int(entry["address"], 16) and entry["origin"] not in _SYSCALLS
    return right and f"({entry['origin']})" in case.claim.text


def _points_home(case: Case) -> bool | None:
    entry = _entry_of(case)
    return None if entry is None else int(entry["address"], 16) in case.hexes


def _kernel_thread(case: Case) -> bool:
    entry = _entry_of(case)
    return entry is None or entry["origin"] not in _SYSCALLS


def _operand(case: Case) -> bool | None:
    """The values of an operand's registers are those of the interrupted code."""
    told = _OPERAND.findall(case.claim.text)
    if case.trap is None or not told:
        return None
    verdicts = [case.trap.has(register, int(word, 16)) for register, word in told]
    return None if None in verdicts else all(verdicts)


def _accessed(case: Case) -> bool | None:
    """The address that framelab's and the zoo's code accesses (traps.c, zoo_stopped.c)."""
    if case.trap is None or not case.hexes:
        return None
    if case.trap.cr2 is not None and case.trap.vector == 14:
        kinds = {True: ("writes",), False: ("reads", "fetch", "jump")}[bool(case.trap.error & 2)]
        return case.trap.cr2 in case.hexes and any(kind in case.claim.text for kind in kinds)
    return case.hexes[-1] == 1 << 63 if case.trap.vector == 13 and case.trap.cpl == 0 else None


def _error(bit: int, *, on: bool) -> Predicate:
    return _trapped(lambda trap, _case: trap.vector == 14 and bool(trap.error >> bit & 1) is on)


def _cr2(check: Callable[[int], bool]) -> Predicate:
    def right(case: Case) -> bool | None:
        if case.trap is None:
            return None
        if case.trap.cr2 is None or case.trap.vector != 14:
            return False
        return check(case.trap.cr2) and case.trap.cr2 in case.hexes

    return right


def _non_canonical(case: Case) -> bool:
    top = case.hexes[0] >> 47 if case.hexes else 0
    return top not in (0, (1 << 17) - 1)


def _divisor(case: Case) -> bool | None:
    named = re.search(r"\be?([a-d]x|[sd]i|bp)\b", case.claim.text)
    if case.trap is None or named is None:
        return None
    return case.trap.vector == 0 and not case.trap.registers[named[1]] & 0xFFFF_FFFF


_PROBED = _all(_is("int3"), _trapped(lambda trap, _: trap.vector == 3 and trap.cpl == 0))
_STEPPED = _all(
    _is("int3-step"),
    _trapped(lambda trap, case: trap.vector == 3 and trap.ip != case.known("ip")),
)

PREDICATES: dict[str, Predicate] = {
    # why a frame has its origin
    "return-address": _return_address,
    "kprobe": _all(_PROBED, _stated_byte(0xCC)),
    "int3-byte": _all(_PROBED, _stated_byte(0xCC)),
    "int3-gap": _all(_is("int3"), _gap),
    "call-byte": _all(_is("ftrace"), _stated_byte(0xE8)),
    "stepped-over": _STEPPED,
    "syscall-clobbers": _all(_is("syscall"), lambda case: case.known("cx") == case.known("ip")),
    "start-thread": _all(_is("exec"), _orig_ax(*_EXECS), lambda case: not case.known("cx")),
    "task-flags": _is("worker"),
    "no-program": _all(_is("worker"), lambda case: not case.known("ip") | case.known("sp")),
    # orig_ax
    "orig-ax-number": _all(_is(*_SYSCALLS), _number),
    "orig-ax-ftrace": _all(_is("ftrace", "ftrace-args"), _orig_ax(0), _not_trapped),
    "orig-ax-optprobe": _all(_is("optprobe"), _orig_ax(MINUS_ONE), _not_trapped),
    "orig-ax-kretprobe": _all(_is("kretprobe"), _orig_ax(MINUS_ONE), _not_trapped),
    "orig-ax-fork-child": _all(_is("fork-child"), _orig_ax(*_FORKS)),
    "orig-ax-exec": _all(_is("exec"), _orig_ax(*_EXECS)),
    "orig-ax-worker": _all(_is("worker"), _same("orig_ax")),
    "orig-ax-int3": _all(
        _is("int3", "int3-step"), _orig_ax(MINUS_ONE), _trapped(lambda trap, _: trap.vector == 3)
    ),
    "orig-ax-nmi": _all(
        _is("nmi"), _orig_ax(MINUS_ONE), _trapped(lambda trap, _: trap.vector == 2)
    ),
    "orig-ax-interrupt": _all(
        _is("irq", "sysvec"), _orig_ax(MINUS_ONE), _trapped(lambda trap, _: trap.vector >= 0x20)
    ),
    "orig-ax-exception": _all(
        _orig_ax(MINUS_ONE), _trapped(lambda trap, _: trap.vector < 0x20 and trap.vector != 3)
    ),
    "orig-ax-error-code": _trapped(lambda trap, case: trap.error == case.value),
    "orig-ax-vector": _trapped(lambda trap, case: trap.vector == case.value & 0xFF),
    # ax
    "ax-enosys": _all(_is(*_SYSCALLS, "exec"), _holds(ENOSYS)),
    "ax-restart": _all(_is(*_SYSCALLS), lambda case: -516 <= case.value - (1 << 64) <= -512),
    "ax-fork-child": _all(_is("fork-child"), _holds(0)),
    "ax-exec": _all(_is("exec"), _holds(0)),
    "ax-worker": _all(_is("worker"), _holds(0)),
    # lea 0x200(%rdi), %rax: guest/framelab/targets.S
    "ax-return-value": _all(
        _is("kretprobe"),
        lambda case: case.value == int(case.claim.frame["registers"]["di"], 16) + 0x200,
    ),
    "ax-user-live": _all(_mode(3), _live),
    "ax-kernel-live": _all(_mode(0), _live),
    # user mode
    "user-ip": _all(_same("ip"), lambda case: case.value < _USER_TOP),
    "user-sp": _all(_same("sp"), lambda case: case.value < _USER_TOP),
    "user-cs": _all(_mode(3), _selector(lambda trap: trap.cs)),
    "user-ss": _all(_mode(3), _selector(lambda trap: trap.ss)),
    "user-flags": _all(_mode(3), _flags),
    "user-live": _all(_mode(3), _live),
    "user-int3-ip": _all(
        _mode(3), _trapped(lambda trap, case: trap.vector == 3 and trap.ip == case.value)
    ),
    "user-fault-ip": _all(
        _mode(3), _trapped(lambda trap, case: trap.vector in _FAULTS and trap.ip == case.value)
    ),
    "syscall-saves": _all(
        _is("syscall"),
        lambda case: case.value == case.known("cx") if case.claim.register == "cx" else None,
    ),
    "syscall-argument": _all(_is(*_SYSCALLS), _argument, _live),
    "syscall-kept": _all(_is(*_SYSCALLS), _live),
    "not-in-32-bit-code": _all(
        _is("syscall32"), lambda case: (case.claim.register or "") in WORKING[-8:]
    ),
    "exec-ip": _all(_is("exec"), _same("ip")),
    "exec-cleared": _all(_is("exec"), _holds(0)),
    "fork-child-ip": _all(_is("fork-child"), _same("ip")),
    "fork-child-sp": _all(_is("fork-child"), _same("sp")),
    "worker-no-program": _all(
        _is("worker"), _holds(0), lambda case: not case.known(case.claim.register or "")
    ),
    # kernel mode
    "interrupted-live": _all(_mode(0), _live),
    "function-argument": _all(_mode(0), _ordinal(_C_ORDER), _live),
    "handler-argument": _all(_mode(0), _live),
    "kernel-cs": _all(_mode(0), _selector(lambda trap: trap.cs)),
    "kernel-ss": _all(_mode(0), _selector(lambda trap: trap.ss), _holds(0x18)),
    "null-ss": _all(_mode(0), _selector(lambda trap: trap.ss), _holds(0)),
    "kernel-flags": _all(_mode(0), _flags, _interrupts),
    "interrupted-ip": _all(_mode(0), _trapped(lambda trap, case: trap.ip == case.value)),
    "interrupted-sp": _all(_mode(0), _trapped(lambda trap, case: trap.sp == case.value)),
    "int3-ip": _all(_is("int3"), _mode(0), _trapped(lambda trap, case: trap.ip == case.value)),
    "int3-resume-ip": _all(
        _is("int3"), _mode(0), _trapped(lambda trap, case: trap.ip == case.value)
    ),
    "int3-step-ip": _all(_is("int3-step"), _trapped(lambda trap, case: trap.ip == case.value)),
    "int3-stepped-ip": _all(_STEPPED, _same("ip")),
    "fault-ip": _all(
        _mode(0), _trapped(lambda trap, case: trap.vector in _FAULTS and trap.ip == case.value)
    ),
    "trap-ip": _all(
        _mode(0), _trapped(lambda trap, case: trap.vector not in _FAULTS and trap.ip == case.value)
    ),
    "optprobe-ip": _all(_is("optprobe"), _same("ip"), _byte_is(0xE9, behind=1)),
    "ftrace-ip": _all(_is("ftrace", "ftrace-args"), _same("ip"), _byte_is(0xE8, behind=5)),
    "ftrace-kprobe-ip": _all(_is("ftrace"), _same("ip"), _byte_is(0xE8, behind=1)),
    "ftrace-sp": _all(_is("ftrace", "ftrace-args"), _same("sp"), _call_before),
    "kretprobe-ip": _all(
        _is("kretprobe"),
        _same("ip"),
        lambda case: bool((case.world.symbols_at(case.value) or set()) & _TRAMPOLINES),
    ),
    "kretprobe-return-ip": _all(_is("kretprobe"), _same("ip"), _byte_is(0xE8, behind=5)),
    "optprobe-cs": _all(
        _is("optprobe"), lambda case: case.value & 0xFFFF == 0x10 and case.value > 0xFFFF
    ),
    "absent-never-written": _is("ftrace-args", "crash-note", "optprobe", "kretprobe"),
    # the story
    "story-no-trap": _all(_is("ftrace", "ftrace-args"), _orig_ax(0), _not_trapped),
    "story-int3": _all(
        _is("int3"), _orig_ax(MINUS_ONE), _trapped(lambda trap, _: trap.vector == 3)
    ),
    "story-optprobe": _all(_is("optprobe"), _orig_ax(MINUS_ONE), _not_trapped),
    "story-kretprobe": _all(_is("kretprobe"), _orig_ax(MINUS_ONE), _not_trapped),
    "story-entry-frame": _all(
        _is(*_SYSCALLS),
        lambda case: f" {case.known('orig_ax') & 0xFFFF_FFFF} (" in case.claim.text,
    ),
    "story-number": _number_at,
    "story-no-number": _no_number,
    "story-points-home": _points_home,
    "story-kernel-thread": _kernel_thread,
    # the access behind an exception
    "access": _accessed,
    "operand": _operand,
    "null-offset": _cr2(lambda cr2: cr2 < 4096),
    "first-page": _cr2(lambda cr2: cr2 < 4096),
    "user-address": _all(_mode(0), _cr2(lambda cr2: 4096 <= cr2 < _USER_TOP)),
    "non-canonical": _all(_trapped(lambda trap, _: trap.vector == 13), _non_canonical),
    "divisor-zero": _divisor,
    "undefined-instruction": _trapped(lambda trap, _: trap.vector == 6),
    "error-code-not-present": _error(0, on=False),
    "error-code-present": _error(0, on=True),
    "error-code-write": _error(1, on=True),
    "error-code-read": _error(4, on=False),
    "cr2-agrees": _cr2(lambda _cr2: True),
    # take_double_fault() loads sp with 64 below the stack: guest/framelab/traps.c
    "stack-overflow": _all(
        _is("double-fault"), lambda case: " 0x40 bytes below" in case.claim.text
    ),
    "guard-page": _all(_is("double-fault"), _trapped(lambda trap, case: trap.sp in case.hexes)),
}

# Rules that a zoo's frames make statements by, and that nothing here knows the truth about.
WHY_NONE: dict[str, str] = {
    "cr2-unknown": "says that nothing is known: the zoos print no address of a fault",
    "ax-call-live": "a call of ftrace is no trap: nothing logs its registers",
    "call-live": "a call of ftrace is no trap: nothing logs its registers",
    "unwinder": "the same tables and the same unwinder would have to be asked",
    "returned-callee-saved": "a return is no trap: nothing logs its registers",
    "returned-left-over": "a return is no trap: nothing logs its registers",
    "returned-sp": "a return is no trap: nothing logs its registers",
    "returned-dx": "a return is no trap: nothing logs its registers",
    "fork-child-copied": "the parent's frame has moved on",
    "worker-copied": "the creator's frame has moved on",
    "story-own-entry": "says no more than that the frame is where the kernel looks for it",
    "story-popular-answer": "of no frame: every int3 frame of the table above has orig_ax -1",
    "story-probe-further-in": "of no frame: tests/guest/test_crash.py probes there",
    "story-entry-refused": "of no frame: tests/guest/test_probe.py registers the kprobes",
}


_ONE_KPROBE = "a climb holds one kprobe, and shares the CPUs with those that hold others"
_ONE_STACK = "a climb ends in one double fault"
_ONE_LAST = "one climb a zoo at most begins with that kprobe"

# Rules with fewer checked statements than asked for on a kernel.
WHY_FEW: dict[str, str] = {
    "ax-return-value": _ONE_KPROBE,
    "call-byte": _ONE_LAST,
    "ftrace-kprobe-ip": _ONE_LAST,
    "guard-page": _ONE_STACK,
    "int3-gap": _ONE_KPROBE,
    "int3-ip": _ONE_KPROBE,
    "int3-resume-ip": _ONE_KPROBE,
    "int3-step-ip": _ONE_KPROBE,
    "int3-stepped-ip": _ONE_KPROBE,
    "int3-byte": _ONE_KPROBE,
    "kprobe": _ONE_LAST,
    "kretprobe-ip": _ONE_KPROBE,
    "kretprobe-return-ip": _ONE_KPROBE,
    "non-canonical": "a climb takes one general protection fault at most",
    "first-page": "a climb takes one page fault at most",
    "optprobe-cs": _ONE_KPROBE,
    "optprobe-ip": _ONE_KPROBE,
    "orig-ax-kretprobe": _ONE_KPROBE,
    "orig-ax-optprobe": _ONE_KPROBE,
    "stack-overflow": _ONE_STACK,
    "stepped-over": _ONE_KPROBE,
    "story-kretprobe": _ONE_KPROBE,
    "story-optprobe": _ONE_KPROBE,
}


def judge(world: World, claim: Claim, true: Json, answer: Json) -> bool | None:
    """Whether ``claim`` is true of the frame ``true``; None where nothing is known.

    :param answer: what the answer says of that frame
    """
    predicate = PREDICATES.get(claim.rule)
    absent = claim.register is not None and claim.value is None
    if predicate is None or (absent and claim.rule != "absent-never-written"):
        return None
    verdict: Any = predicate(Case(world, claim, true, world.trap_of(true, answer)))
    return verdict if verdict is None else bool(verdict)


def tally_zoo(tally: Tally, world: World, explained: Iterable[Json]) -> None:
    """Judge every statement of ``explained`` by its own frame, and some by the frames of others.

    :param explained: an ``inspector.explain/1`` for each frame of the zoo
    """
    answers = {int(told["frame"]["address"], 16): told for told in explained}
    others = _one_an_origin(world, answers)
    for address, told in answers.items():
        true = world.truth.get(address)
        for claim in claims_of(told):
            if true is None:
                tally.add(claim, False)  # of a frame that is none
                continue
            verdict = judge(world, claim, true, told["frame"])
            tally.add(claim, verdict)
            if verdict and tally.refuted[claim.rule] < _ENOUGH_REFUTED:
                wrong = [judge(world, claim, other, answer) for other, answer in others]
                tally.refuted[claim.rule] += wrong.count(False)


_ENOUGH_REFUTED = 30


def _one_an_origin(world: World, answers: Mapping[int, Json]) -> list[tuple[Json, Json]]:
    """A frame of each origin, with what the answer says of it."""
    found = {
        true["origin"]: (true, answers[address]["frame"])
        for address, true in world.truth.items()
        if address in answers
    }
    return list(found.values())
