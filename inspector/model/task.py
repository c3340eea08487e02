# SPDX-License-Identifier: LGPL-2.1-or-later
"""A thread of the target, as far as its frames need it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from inspector.model.stack import Stack


class Running(Enum):
    """Whether a task owned a CPU when it was read."""

    ON_CPU = "on-cpu"
    OFF_CPU = "off-cpu"


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


def escape_comm(raw: bytes) -> str:
    r"""A task name as printable text: invalid bytes as ``\xNN``, backslash doubled.

    Controls (C0, C1, DEL) and bidirectional overrides become ``\xNN`` or
    ``\uNNNN`` too: a name is bytes chosen by an enemy, and reaches terminals.

    :param raw: ``char comm[TASK_COMM_LEN]``; what follows the first NUL is dropped
    """
    text = raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
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
