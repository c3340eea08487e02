# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thread of the target, and selectors that name one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from inspector.model import hex_repr
from inspector.model.evidence import Evidence
from inspector.model.stack import Stack

# A thread of the target, as far as its frames need it.

# Bytes of a target as printable text: they may be malformed or hostile.


def escape_bytes(raw: bytes) -> str:
    r"""``raw`` as printable text: invalid bytes as ``\xNN``, backslash doubled.

    Controls (C0, C1, DEL) and bidirectional overrides become ``\xNN`` or
    ``\uNNNN`` too: such text reaches terminals.
    """
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # what surrogateescape made of an invalid byte
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


# A thread of the target, as far as its frames need it.


class Running(Enum):
    """Whether a task owned a CPU when it was read."""

    ON_CPU = "on-cpu"
    OFF_CPU = "off-cpu"


@hex_repr
@dataclass(frozen=True, slots=True)
class Task:
    """A ``struct task_struct`` at ``address``.

    :ivar pid: the kernel's pid: of the thread
    :ivar tgid: what user space calls the process ID
    :ivar comm: escaped for display, see :func:`escape_comm`
    :ivar cpu: the CPU it runs on, or ran on last
    :ivar stack: its task stack, or None after exit released it
    :ivar entry_address: ``task_pt_regs(task)``, or None without a stack
    :ivar sp: ``thread.sp``, meaningless while the task is on a CPU
    :ivar kernel_thread: ``PF_KTHREAD``: there is no entry frame
    :ivar user_worker: ``PF_USER_WORKER`` or ``PF_IO_WORKER``: never in user mode
    :ivar compat: ``TS_COMPAT``: the syscall being run came through a 32-bit entry
    :ivar trap_nr: ``thread.trap_nr``, the last trap that was sent to user space
    """

    address: int
    pid: int
    tgid: int
    comm: str
    cpu: int
    running: Running
    stack: Stack | None
    entry_address: int | None
    sp: int
    kernel_thread: bool
    user_worker: bool
    compat: bool
    trap_nr: int


@dataclass(frozen=True, slots=True)
class Uninterruptible:
    """A task that sleeps in state D.

    :ivar state: in the kernel's words: ``TASK_UNINTERRUPTIBLE``, ``TASK_KILLABLE``
    :ivar hung: why khungtaskd would report it, None where it would not or nothing tells
    """

    task: Task
    state: str
    hung: Evidence | None = None


def escape_comm(raw: bytes) -> str:
    r"""A task name as printable text, see :func:`~inspector.model.task.escape_bytes`.

    :param raw: ``char comm[TASK_COMM_LEN]``; what follows the first NUL is dropped
    """
    return escape_bytes(raw.split(b"\0", 1)[0])


# What changes in a task that runs.


@dataclass(frozen=True, slots=True)
class RunState:
    """A task at one moment: if two moments are equal and not on a CPU, the task did not run between
    them.

    :ivar switches: ``nvcsw`` and ``nivcsw``: how often it gave up a CPU, or lost one
    :ivar start_time: tells it from another that got its memory and its pid
    :ivar dead: it has given up its CPU for good, and its stack may be somebody else's
    """

    on_cpu: bool
    switches: tuple[int, ...]
    start_time: int
    dead: bool


# WHAT a command is about: a pid in decimal, or an address that begins with ``0x``.

_MAX_ADDRESS = (1 << 64) - 1
_PID = re.compile(r"[0-9]{1,10}", re.ASCII)
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pid:
    """:ivar number: the kernel's pid: of a thread"""

    number: int

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Address:
    """:ivar value: of a ``struct pt_regs`` or of a ``struct task_struct``"""

    value: int

    def __str__(self) -> str:
        return f"{self.value:#x}"


Selector = Pid | Address


def parse_selector(text: str) -> Selector:
    """:raises ValueError: if ``text`` is neither a pid nor an address"""
    if _PID.fullmatch(text):
        return Pid(int(text))
    if _ADDRESS.fullmatch(text):
        return Address(int(text, 16))
    raise ValueError(f"{text!r} neither a pid (decimal) nor an address (0x…)")
