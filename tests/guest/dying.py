# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `inspector frames` must say of each death of the lab, and how an answer is scored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.guest.cpu_log import CpuLog

_NOTE = "crash-note"
_ENTRY = "syscall"  # held against the entry frames: a device may interrupt another task
ANY_INTERRUPT = "irq or sysvec"
_BY_VECTOR = {"warn": 6, "rcu-stall-deaf": 2, "machine-check": 18}
_INTERRUPTS = ("irq", "sysvec")
_SOFTIRQS = "ksoftirqd/"
_SELECTORS = ("cs", "ss")  # 16 bits of a union from 6.12 on


@dataclass(frozen=True, slots=True)
class Expected:
    """:ivar kind: of ``killed_by``
    :ivar chain: origins of all frames of the task that dies, innermost first; None where it is
        a matter of chance which code it runs
    :ivar killer: which of them killed; None where it is a panic() without a frame
    """

    kind: str
    chain: tuple[str, ...] | None
    killer: int | None = 0


def _oops(*chain: str, killer: int = 0) -> Expected:
    return Expected("oops", chain, killer)


EXPECTED = {
    "null": _oops("page-fault", "syscall"),
    "null-timer": _oops("page-fault", ANY_INTERRUPT, "syscall"),
    "null-ipi": _oops("page-fault", "sysvec"),
    "bug": _oops("exception", "syscall"),
    "overflow": _oops("double-fault", "syscall"),
    "soft-lockup": Expected("lockup", ("sysvec", "syscall")),
    "panic-irqs-off": Expected("panic", ("syscall",), None),
    "protection": _oops("general-protection", "syscall"),
    "null-init": _oops("page-fault", "syscall"),
    "null-hrtimer": _oops("page-fault", "sysvec", "syscall"),
    "null-device": _oops("page-fault", "irq", "syscall"),
    "null-kworker": _oops("page-fault"),
    "null-nmi": _oops("page-fault", "nmi", "syscall"),
    "null-idle": _oops("page-fault"),
    "null-kprobe": _oops("page-fault", "int3", "syscall"),
    "nested": _oops("page-fault", "exception", "syscall", killer=1),
    "list": _oops("exception", "syscall"),
    "call-data": _oops("page-fault", "syscall"),
    "call-null": _oops("page-fault", "syscall"),
    "guard": _oops("page-fault", "syscall"),
    "divide": _oops("exception", "syscall"),
    "int3": _oops("int3", "syscall"),
    "warn": Expected("warn", ("exception", "syscall")),
    "hung-task": Expected("hung-task", (), None),
    "unknown-nmi": Expected("nmi", ("nmi", "syscall")),
    "rcu-stall": Expected("stall", ("sysvec", "syscall")),
    "rcu-stall-deaf": Expected("stall", None),
    "out-of-memory": Expected("out-of-memory", None, None),
    "sysrq-c": Expected("sysrq", ("syscall",), None),
    "survived": Expected("sysrq", ("syscall",), None),
    "machine-check": Expected("machine-check", None),
}


@dataclass(slots=True)
class Score:
    """Counts over the dumps of one death on one kernel.

    :ivar killers: answers whose killing frame is found, named, and holds what the guest printed
    :ivar answers: all of them
    :ivar live: listed frames on a stack that are live, of :attr:`listed`
    """

    killers: int = 0
    answers: int = 0
    live: int = 0
    listed: int = 0
    mistakes: list[str] = field(default_factory=list)

    def cell(self) -> str:
        """Recall and precision, never rounded up."""
        return f"{self.killers}/{self.answers}, {self.live}/{self.listed}"


def judge(
    score: Score, where: str, death: str, truth: Mapping[str, Any], log: CpuLog, answer: Any
) -> None:
    """Add one answer of ``inspector frames --format json`` to the score."""
    listed = [frame for frame in answer["frames"] if frame["found_in"] == "stack"]
    score.answers += 1
    score.listed += len(listed)
    wrong = [*_of_the_killer(death, truth, log, listed, answer["killed_by"])]
    score.killers += not wrong
    score.mistakes += [f"{where}: {what}" for what in wrong]
    for frame in listed:
        why_not = _why_not_live(frame, truth, log)
        score.live += why_not is None
        if why_not:
            score.mistakes.append(f"{where}: {frame['address']} {frame['origin']}: {why_not}")
    score.mistakes += [f"{where}: {what}" for what in _missed(death, truth, listed)]


def _of_the_killer(
    death: str, truth: Mapping[str, Any], log: CpuLog, listed: list[Any], killed_by: Any
) -> Iterator[str]:
    """What is wrong with ``killed_by`` and the frame that it names."""
    expected = EXPECTED[death]
    if killed_by is None:
        yield "killed_by: null"
        return
    if killed_by["kind"] != expected.kind:
        yield f"killed_by: a {killed_by['kind']}, not a {expected.kind}"
    true = true_killer(death, truth, log)
    if (killed_by["cpu"], killed_by["pid"]) != (true.cpu, true.pid):
        yield f"killed_by: {killed_by['cpu'], killed_by['pid']}, not {true.cpu, true.pid}"
    if expected.killer is None:
        if killed_by["frame"] is not None:
            yield f"killed_by: frame {killed_by['frame']}, and there is none"
        return
    found = {frame["address"]: frame for frame in listed}.get(killed_by["frame"])
    if found is None:
        yield f"killed_by: frame {killed_by['frame']} is not listed"
        return
    if true.address not in (None, killed_by["frame"]):
        yield f"killed_by: frame {killed_by['frame']}, not {true.address}"
    if expected.chain and found["origin"] != expected.chain[expected.killer]:
        yield f"killed_by: of origin {found['origin']}, not {expected.chain[expected.killer]}"
    yield from _differing(found, true.registers)


def _differing(found: Any, words: Mapping[str, str]) -> Iterator[str]:
    for name, word in words.items():
        value, mask = found["registers"][name], 0xFFFF if name in _SELECTORS else -1
        if value is None or int(value, 16) & mask != int(word, 16) & mask:
            yield f"{found['address']}: {name} is {value}, the guest printed {word}"


@dataclass(frozen=True, slots=True)
class Killer:
    """What killed, as the guest said: CPU, task, and the frame, as far as it is known.

    :ivar address: None where only the CPU's log tells of the frame
    """

    cpu: int
    pid: int
    address: str | None = None
    registers: Mapping[str, str] = field(default_factory=dict)


def true_killer(death: str, truth: Mapping[str, Any], log: CpuLog) -> Killer:
    """Who died of what: a die notifier's frame, or an NMI's, or the one that get_irq_regs() gave.

    The frame of a WARN, of the NMI that stops a CPU which takes no interrupts, and of a machine
    check is known from the CPU's own log.
    """
    cpu, pid = truth["spinning"] or dying(truth)
    if EXPECTED[death].killer is None:
        return Killer(cpu, pid)
    if death in _BY_VECTOR:
        return Killer(cpu, pid, None, log.last(cpu, _BY_VECTOR[death]))
    (true, *_) = (f for w in ("die", "nmi", "irq") for f in truth["frames"] if f["what"] == w)
    return Killer(true["cpu"], true["pid"], true["address"], true["registers"])


def _missed(death: str, truth: Mapping[str, Any], listed: Iterable[Any]) -> Iterator[str]:
    """Frames that are there and are not listed: entry frames, and those of the task that dies."""
    addresses = {frame["address"] for frame in listed}
    for address, pid in truth["entries"].items():
        if address not in addresses:
            yield f"entry frame {address} of pid {pid} not found"
    for frame in truth["frames"]:
        if frame["address"] not in addresses and death != "survived":
            yield f"{frame['what']} frame {frame['address']} not found"
    chain = EXPECTED[death].chain
    if chain is None:
        return
    cpu, pid = dying(truth)
    own = [f for f in listed if (f["cpu"], (f["task"] or {}).get("pid")) == (cpu, pid)]
    found = [f["origin"] for f in own if f["origin"] != _NOTE and not f["user_mode"]]
    named = [ANY_INTERRUPT if f in _INTERRUPTS and ANY_INTERRUPT in chain else f for f in found]
    wanted = sorted(origin for origin in chain if origin != _ENTRY)
    if any(f["task"]["comm"].startswith(_SOFTIRQS) for f in own):
        wanted.remove(ANY_INTERRUPT)  # a busy CPU left its soft IRQs to their thread
    if sorted(named) != wanted:
        yield f"the task that dies has {found}, not {chain}"


def dying(truth: Mapping[str, Any]) -> tuple[int, int]:
    """CPU and pid of what the machine was doing when it died."""
    frames, panics = truth["frames"], truth["panics"]
    last = panics[-1] if panics else frames[-1]
    return last["cpu"], last["pid"]


def _why_not_live(frame: Any, truth: Mapping[str, Any], log: CpuLog) -> str | None:
    """Why a listed frame is none that the machine would still have returned to, or None."""
    if frame["address"] in truth["entries"] or any(
        frame["address"] == true["address"] for true in truth["frames"]
    ):
        return None
    if frame["origin"] == _NOTE:  # a local variable of __crash_kexec(), which panic() calls
        return None if frame["cpu"] == dying(truth)[0] and truth["panics"] else "no panic() here"
    if frame["user_mode"]:
        return "a user's, and no task's entry frame"
    registers = {name: int(word, 16) for name, word in frame["registers"].items() if word}
    return log.why_not_live(
        int(frame["address"], 16), registers["ip"], registers["sp"], frame["stack"]
    )
