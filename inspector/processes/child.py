# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read a dump in a child process, so that a crash of the parsing libraries is one clear error.

drgn, libkdumpfile and libelf parse the dump in C. If the child dies of SIGSEGV, or the kernel kills
it for its memory, the parent reports that in one line. If the parent is killed, the child dies too.
"""

from __future__ import annotations

import os
import signal
import sys
from time import monotonic

import click

from inspector.errors import TargetError
from inspector.processes.signals import die_with

_ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
_PATIENCE = 10.0  # seconds: C code that loops lets no handler of Python's run
_NEVER = monotonic() + 1e9
_BY_KILL = 0  # SI_USER: a terminal sends its signals to both processes


def go_on_in_a_child(path: str, patience: float | None = _PATIENCE) -> None:
    """Fork: return in the child, which does the rest; the parent waits and exits with the child's
    status.

    :param path: what is going to be read
    :param patience: seconds that the child may take to end once it was told to, None forever
    :raises TargetError: in the parent, if the child crashed
    :raises click.exceptions.Exit: in the parent, with the child's exit status
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    ending = {number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*ending, signal.SIGCHLD})
    parent = os.getpid()
    try:
        child = os.fork()
        status = _end_of(child, {*ending, signal.SIGCHLD}, patience) if child else 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if not child:
        die_with(parent)
        return
    if status >= 0:
        raise click.exceptions.Exit(status)
    number = signal.Signals(-status)
    if number in _ENDING:
        raise KeyboardInterrupt
    raise TargetError(_said(path, number))


def _said(path: str, number: signal.Signals) -> str:
    if number is signal.SIGKILL:
        return f"{path}: the process that read it was killed, perhaps for its memory"
    return (
        f"{path}: reading it crashed drgn or a library under it ({number.name}):"
        " the file is damaged or hostile"
    )


def _end_of(child: int, waited_for: set[signal.Signals], patience: float | None) -> int:
    """The exit status of ``child``, negative for a signal; signals are passed on meanwhile."""
    deadline = _NEVER
    while True:
        info = signal.sigtimedwait(waited_for, max(0.0, deadline - monotonic()))
        if info is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -signal.SIGINT
        if info.si_signo == signal.SIGCHLD:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            continue
        if info.si_code == _BY_KILL:
            os.kill(child, info.si_signo)
        if patience is not None:
            deadline = min(deadline, monotonic() + patience)
