# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump, whose tasks an enemy named, and whose log an enemy wrote."""

from __future__ import annotations

from dataclasses import replace

from inspector.model.machine import LoadedModule, LogExcerpt, LogLine, Panic
from inspector.model.report import FullReport
from inspector.model.task import escape_bytes
from inspector.queries.report import full_report
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from tests.overlay import survey_with

SCRIPT = "<script>alert(1)</script>"

# What a name is in memory → how every answer shows it. 15 bytes are the most.
NAMES: dict[bytes, str] = {
    b"<script>alert(1": "<script>alert(1",
    b"[red]x[/red]": "[red]x[/red]",
    b"=1+1": "=1+1",
    b"\x1b[31mred\x1b[0m": "\\x1b[31mred\\x1b[0m",
    b"`|*a*|`&lt;{{1}}": "`|*a*|`&lt;{{1}",
    b"\xe2\x80\xaeevil": "\\u202eevil",
}

LINES: tuple[bytes, ...] = (
    SCRIPT.encode(),
    b"</pre></td>--><img src=http://example.invalid/x onerror=alert(1)>",
    b"```\n# not a heading [red]\x1b]0;title\x07",
    b"{{ 7 * 7 }} {% raw %} ]]> &#60;b&#62; @somebody #1",
)


def hostile_survey() -> TargetSource:
    """The panicking task has the first of :data:`NAMES`, other tasks of user space the others."""
    with open_target_source(TargetSpec(TargetKind.DEMO)) as plain:
        offset = plain.target.offsetof("struct task_struct", "comm")
        panicking = plain.panicking_task()
        assert panicking is not None
        others = [t for t in plain.tasks() if not t.kernel_thread and t.pid != panicking.pid]
        words: dict[int, int] = {}
        for task, name in zip((panicking, *others), NAMES, strict=False):
            raw = name[:15].ljust(16, b"\0")
            for i in (0, 8):
                words[task.address + offset + i] = int.from_bytes(raw[i : i + 8], "little")
    return survey_with(words)


def hostile_report() -> FullReport:
    """The full report of it, with a hostile log, panic, module and path too."""
    report = full_report(hostile_survey())
    texts = [escape_bytes(line) for raw in LINES for line in raw.split(b"\n")]
    log = tuple(LogLine(i, i % 8, 0, "T1", text) for i, text in enumerate(texts))
    told = LogExcerpt(log, headline=f"BUG: {SCRIPT}", above=(SCRIPT,), left_out=7, after=2)
    machine = replace(
        report.machine,
        log=log,
        panic=Panic(f"Kernel panic - {SCRIPT}", f"BUG: {SCRIPT}"),
        modules=(LoadedModule(SCRIPT, 0xFFFFFFFFC0000000, 4096, (), SCRIPT),),
    )
    assert report.crash.killed_by is not None
    crash = replace(report.crash, killed_by=replace(report.crash.killed_by, text=SCRIPT))
    target = replace(report.target, path=SCRIPT)
    return replace(report, machine=machine, crash=crash, log=told, target=target)
