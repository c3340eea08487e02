# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines that say who was running, and on which kernel: dump_stack_print_info(), crash's ``bt``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.logs.lines import Line

_TASK = re.compile(
    r"CPU: (?P<cpu>\d+) (?:UID: \d+ )?PID: (?P<pid>\d+) Comm: (?P<comm>.*?)"
    r"(?: Kdump: loaded)? (?P<taint>Not tainted|Tainted: [^#]*?) (?P<release>\d+\.\d+\S*) #"
)
_OLD_TASK = re.compile(
    r"Pid: (?P<pid>\d+), comm: +(?P<comm>.*?) (?P<taint>Not tainted|Tainted: [^#]*?)"
    r" \(?(?P<release>\d+\.\d+\S*?)(?: #|\s*\)|\s*$)"
)
_RELEASES = (
    re.compile(r"Linux version (\d+\.\d+\S*) \("),
    re.compile(r"\s*(?:Not tainted|Tainted: [^#]*?) (\d+\.\d+\S*) #"),
    re.compile(r"\s*(\d+\.\d+\.\S+) #\S+ (?:Not tainted|Tainted:)"),
    re.compile(r"(?:CPU: \d+|Pid: \d+,).*?[\s(](\d+\.\d+(?:\.\d+)?[-+.\w~]*) #\d"),
)
_CRASH_TASK = re.compile(
    r'PID: (?P<pid>\d+)\s+TASK: [0-9a-f]+\s+CPU: (?P<cpu>\d+)\s+COMMAND: "(?P<comm>.*)"'
)


@dataclass(slots=True)
class TaskLine:
    """Who was running.

    :ivar taint: the words of the line, "" where it has none
    :ivar release: "" where the line names none
    :ivar crash: whether crash's ``bt`` prints it, above each task
    """

    number: int
    comm: str
    pid: int | None
    cpu: int | None
    taint: str
    release: str
    crash: bool = False


def task_line(line: Line) -> TaskLine | None:
    """The line as one about a task, or None."""
    text = line.text
    if found := _TASK.match(text) or _OLD_TASK.match(text):
        cpu = found.groupdict().get("cpu")
        return TaskLine(
            line.number,
            found["comm"],
            int(found["pid"]),
            int(cpu) if cpu else None,
            found["taint"],
            found["release"],
        )
    if found := _CRASH_TASK.match(text):
        comm, pid, cpu = found["comm"], int(found["pid"]), int(found["cpu"])
        return TaskLine(line.number, comm, pid, cpu, "", "", crash=True)
    return None


def release_in(text: str) -> str | None:
    """The release that a line names otherwise, or None."""
    for pattern in _RELEASES:
        if found := pattern.match(text):
            return found[1]
    return None
