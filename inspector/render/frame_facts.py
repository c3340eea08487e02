# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is known of a frame besides its registers, as rows of a label and a text."""

from __future__ import annotations

from inspector.facts.uapi import Abi
from inspector.model.frame import Frame, Syscall
from inspector.model.origin import Origin
from inspector.model.record import Kprobe, Record
from inspector.render.words import ORIGIN_WORDS, hex_word, safe

FACT_LABELS: tuple[str, ...] = (
    "made by",
    "address",
    "stack",
    "interrupted",
    "begins at",
    "syscall",
    "kprobe",
    "vector",
    "error code",
    "record",
)


# Frames of tasks that have not run in user mode yet: nothing was interrupted.
_BEGINNINGS = (Origin.EXEC, Origin.FORK_CHILD, Origin.WORKER)


def frame_facts(frame: Frame) -> dict[str, str]:
    """Label → text, of those labels that apply to ``frame``."""
    facts = {
        "made by": ORIGIN_WORDS[frame.origin],
        "address": hex_word(frame.address),
        "stack": _stack(frame),
        "interrupted": "" if frame.origin in _BEGINNINGS else interrupted(frame),
        "begins at": interrupted(frame) if frame.origin in _BEGINNINGS else "",
        "syscall": syscall_text(frame.syscall) if frame.syscall else "",
        "kprobe": _kprobe(frame.kprobe) if frame.kprobe else "",
        "vector": "" if frame.vector is None else str(frame.vector),
        "error code": "" if frame.error_code is None else hex_word(frame.error_code),
        "record": _record(frame.record) if frame.record else "",
    }
    return {label: text for label, text in facts.items() if text}


def interrupted(frame: Frame) -> str:
    """The place that the frame will return to."""
    if frame.interrupted is not None:
        return safe(str(frame.interrupted))
    if "ip" in frame.absent or (frame.origin is Origin.WORKER and not frame.registers.ip):
        return ""
    ip = hex_word(frame.registers.ip)
    return f"user mode at {ip}" if frame.user_mode else ip


def syscall_text(syscall: Syscall) -> str:
    """``57 fork``, and the table where it is not that of 64-bit code."""
    name = syscall.name or syscall.handler or "(no name known)"
    abi = "" if syscall.abi is Abi.X86_64 else f", {syscall.abi.value} table"
    return safe(f"{syscall.nr} {name}{abi}")


def _stack(frame: Frame) -> str:
    stack = frame.stack.value if frame.stack else "unknown"
    return stack if frame.cpu is None else f"{stack}, cpu {frame.cpu}"


def _kprobe(kprobe: Kprobe) -> str:
    where = str(kprobe.location) if kprobe.location else hex_word(kprobe.address)
    return safe(f"{where} by {kprobe.module}" if kprobe.module else where)


def _record(record: Record) -> str:
    seconds, nanoseconds = divmod(record.time_ns, 1_000_000_000)
    name = safe(record.probe.name)
    return f"{record.index}: hit {record.hit} of {name}, at {seconds}.{nanoseconds:09} s"
