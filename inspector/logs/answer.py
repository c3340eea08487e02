# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first lines of a log's answer: what happened, in which task, where, and the access."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.explain.access import faulting_access, is_fault
from inspector.facts.cpu import PF, PF_INSTR, PF_PROT, PF_RSVD, PF_USER, PF_WRITE
from inspector.logs.block import RawFrame, RawReport
from inspector.logs.headlines import Headline, Part
from inspector.logs.told import Told, user_mode
from inspector.model.access import AccessFacts, BugPlace, FaultingAccess
from inspector.model.evidence import Evidence
from inspector.model.oops import ToldFrame, ToldReport
from inspector.model.origin import Origin

# The memory access that raised a frame's exception, from all that a log tells of it.

# show_fault_oops(), arch/x86/mm/fault.c: CR2 as the handler was given it.
_CR2 = re.compile(
    r"(?:address:?|dereference(?: at)?|request(?: at)?|cr2) (?:0x)?([0-9a-f]{8,16}|\(null\))"
    r"(?![0-9a-z])"
)
# report_bug(), lib/bug.c; __warn(), kernel/panic.c, before 6.19 and since.
_BUG = re.compile(r"[Kk]ernel BUG at (\S+):(\d+)")
_WARNING = re.compile(r"WARNING: (?:CPU: \d+ PID: \d+ at )?(\S+):(\d+)\b")
_KASAN = re.compile(r"\bKASAN\b")


def told_access(raw: RawFrame, told: Told, error_code: int | None) -> FaultingAccess | None:
    """The access of an exception of kernel mode; None where no access made the frame."""
    said = raw.headline
    if not is_fault(told.vector) or user_mode(raw) is not False or said is None:
        return None
    facts = AccessFacts(
        vector=told.vector,
        error_code=error_code,
        cr2=fault_address(said.text) if told.vector == PF else None,
        kasan=bool(_KASAN.search(said.text)),
        bug=bug_in(said.text),
    )
    return faulting_access(raw.code[1] if raw.code else b"", raw.registers, facts)


def fault_address(headline: str) -> int | None:
    """CR2, as the line about a page fault has it."""
    found = _CR2.search(headline)
    if found is None:
        return None
    return 0 if found[1] == "(null)" else int(found[1], 16)


def bug_in(headline: str) -> BugPlace | None:
    """File and line of a BUG() or WARN(), as the log has them."""
    for pattern, warning in ((_BUG, False), (_WARNING, True)):
        if found := pattern.search(headline):
            return BugPlace(found[1], int(found[2]), warning)
    return None


# The first lines of a log's answer: what happened, in which task, where, and the access.

_LOCKUP = re.compile(r"CPU#(?P<cpu>\d+) stuck for .*\[(?P<comm>.*):(?P<pid>\d+)\]")
_HUNG = re.compile(r"INFO: task (?P<comm>.*):(?P<pid>\d+) (?:is )?blocked")
_BY_TASK = re.compile(r"(?:by task|: |\[)(?P<comm>[^\s\[\]/][^\[\]]*)/(?P<pid>\d+)\b")
_SIGNAL = re.compile(r"(?:traps: )?(?P<comm>.+?)\[(?P<pid>\d+)\]")
_AT_FUNCTION = re.compile(r"\b([A-Za-z_][\w.]*)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[([\w-]+)\])?")
_OF_CPU = re.compile(r"(?:hard LOCKUP on cpu|for cpu|on CPU) (\d+)")

TITLES = {
    "page-fault": "page fault",
    "stack-overflow": "kernel stack overflow",
    "double-fault": "double fault",
    "general-protection": "general protection fault",
    "bug": "BUG",
    "invalid-opcode": "invalid opcode",
    "divide-error": "divide error",
    "warning": "WARNING",
    "soft-lockup": "soft lockup",
    "hard-lockup": "hard lockup",
    "rcu-stall": "RCU stall",
    "hung-task": "hung task",
    "kasan": "KASAN report",
    "kfence": "KFENCE report",
    "kmsan": "KMSAN report",
    "kcsan": "KCSAN report",
    "ubsan": "UBSAN report",
    "lockdep": "lockdep report",
    "panic": "panic",
    "signal": "exception of a user program",
    "machine-check": "machine check",
    "nmi-backtrace": "NMI backtrace",
    "show-regs": "registers that sysrq asked for",
    "registers": "registers",
}
"""What a report of a kind is called; others by their kind's own word."""


def told_report(
    report: RawReport, frames: tuple[ToldFrame, ...], release: str | None, repeats: int | None
) -> ToldReport:
    """A report with the answer first: its facts, most wanted first.

    :param release: of the kernel, where the report itself does not name one
    :param repeats: the line of an earlier report of the same kind at the same place
    """
    first = report.headlines[0] if report.headlines else None
    kind, text = (first.kind, first.text) if first else ("registers", "")
    comm, pid, cpu = _task(report, first)
    task = report.task
    own = (task.release if task else "") or release
    function, module = _place(report, first)
    code = _error_code(report, frames)
    facts = (
        _what(kind, report, frames, code),
        *_accessed(frames),
        *_code_fact(code, frames),
        *_where(function, module),
        *_who(comm, pid, cpu, own),
        *_taint(report),
        *_first_module(report, function, module),
        *_then(report),
    )
    return ToldReport(
        line=report.line,
        kind=kind,
        headline=text,
        answer=facts,
        comm=comm,
        pid=pid,
        cpu=cpu,
        release=own,
        taint=_letters(task.taint) if task and task.taint else None,
        function=function,
        module=module,
        error_code=code,
        frames=frames,
        repeats=repeats,
    )


def _task(report: RawReport, first: Headline | None) -> tuple[str | None, int | None, int | None]:
    cpu: int | None = None
    if first is not None and (found := _OF_CPU.search(first.text)):
        cpu = int(found[1])
    if report.task is not None:
        task = report.task
        return task.comm, task.pid, task.cpu if task.cpu is not None else cpu
    if first is None:
        return None, None, cpu
    for kinds, pattern in (
        (("soft-lockup",), _LOCKUP),
        (("hung-task",), _HUNG),
        (("signal", "vsyscall"), _SIGNAL),
    ):
        found = pattern.search(first.text) if first.kind in kinds else None
        if found is not None:
            cpu = int(found["cpu"]) if "cpu" in found.groupdict() else cpu
            return found["comm"].strip(), int(found["pid"]), cpu
    return None, None, cpu


def _place(report: RawReport, first: Headline | None) -> tuple[str, str]:
    """The function that it is about, and its module."""
    for raw in report.frames:
        if raw.function and not raw.summary and not raw.registers.get("cs", 0) & 3:
            return raw.function, raw.module
    if first is not None and (found := _AT_FUNCTION.search(first.text)):
        return found[1], found[2] or ""
    return "", ""


def _error_code(report: RawReport, frames: tuple[ToldFrame, ...]) -> int | None:
    for frame in frames:
        if frame.error_code is not None:
            return frame.error_code
    for said in report.headlines:
        if said.origins == (Origin.PAGE_FAULT,) and said.error_code is not None:
            return said.error_code
    return None


def _what(
    kind: str, report: RawReport, frames: tuple[ToldFrame, ...], code: int | None
) -> Evidence:
    title = TITLES.get(kind, kind.replace("-", " "))
    if kind == "page-fault":
        access, address = _access(report, code), _address(report)
        if access is not None:
            where = "" if address is None else f" {access.preposition} {address:#x}"
            text = f"{title}: {access.verb}{where} in {access.mode}"
            return Evidence("log-page-fault-access", text, address)
    if kind == "registers" and not frames:
        return Evidence("log-report-kind", "a report")
    return Evidence("log-report-kind", title)


@dataclass(frozen=True, slots=True)
class _Access:
    verb: str
    preposition: str
    mode: str


def _access(report: RawReport, code: int | None) -> _Access | None:
    """By the error code, else by the words of the ``#PF:`` line."""
    if code is not None:
        how = "write" if code & PF_WRITE else "read"
        how = "instruction fetch" if code & PF_INSTR else how
        mode = "user" if code & PF_USER else "supervisor"
    elif report.access is not None:
        mode, how = report.access
    else:
        return None
    where = "user mode" if mode == "user" else "kernel mode"
    return _Access(how, "to" if how == "write" else "from", where)


def _address(report: RawReport) -> int | None:
    for said in report.headlines:
        if said.kind == "page-fault" and (address := fault_address(said.text)) is not None:
            return address
    return None


def _accessed(frames: tuple[ToldFrame, ...]) -> Iterator[Evidence]:
    """The decoder's first statement about the frame."""
    access = frames[0].access if frames else None
    if access is not None:
        yield access.statements[0]


def _code_fact(code: int | None, frames: tuple[ToldFrame, ...]) -> Iterator[Evidence]:
    if code is None:
        return
    fault = any(f.error_code == code and f.origin is Origin.PAGE_FAULT for f in frames)
    bits = ""
    if fault or not frames:
        bits = ": a protection violation" if code & PF_PROT else ": no page there"
        if code & PF_RSVD:
            bits = ": a reserved bit is set in a page table entry"
    yield Evidence("log-error-code", f"error code {code:#x}{bits}")


def _where(function: str, module: str) -> Iterator[Evidence]:
    if function:
        of = f", of the module {module}" if module else ""
        yield Evidence("log-function", f"in {function}{of}")


def _who(
    comm: str | None, pid: int | None, cpu: int | None, release: str | None
) -> Iterator[Evidence]:
    if comm is not None:
        on = f" on CPU {cpu}" if cpu is not None else ""
        yield Evidence("log-task", f"task {comm}, pid {pid}{on}")
    elif cpu is not None:
        yield Evidence("log-cpu", f"CPU {cpu}")
    if release:
        yield Evidence("log-kernel", f"Linux {release}")


def _taint(report: RawReport) -> Iterator[Evidence]:
    task = report.task
    if task is None or not task.taint:
        return
    letters = _letters(task.taint)
    text = f"tainted: {letters}" if letters else "not tainted"
    yield Evidence("log-taint", text)


def _letters(taint: str) -> str:
    """The taint letters without G, which is no taint."""
    words = taint.partition(":")[2]
    return "".join(c for c in words if c.isalpha() and c != "G")


def _first_module(report: RawReport, function: str, module: str) -> Iterator[Evidence]:
    if module:
        return
    after = report.frames[0].line if report.frames and report.frames[0].entered is None else 0
    for number, name, symbol in report.modules:
        if number > after:
            text = f"first module function in the trace: {symbol}, of {name} (line {number})"
            yield Evidence("log-first-module", text)
            return


def _then(report: RawReport) -> Iterator[Evidence]:
    for said in report.headlines[1:]:
        if said.part is Part.ENDS:
            yield Evidence("log-then", f"then, at line {said.number}: {said.text}")
            return


def same_place(report: RawReport) -> tuple[str, ...] | None:
    """The key that equal reports share; None if nothing can be compared."""
    first = report.headlines[0] if report.headlines else None
    raw: RawFrame | None = report.frames[0] if report.frames else None
    if first is None or raw is None or not raw.place or not raw.function:
        return None
    return first.kind, raw.place
