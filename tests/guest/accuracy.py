# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of precision and recall, as Markdown. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from inspector.model.origin import Origin
from tests.guest.predicates import WHY_FEW, WHY_NONE
from tests.guest.score import Score
from tests.guest.statements import Tally

NOT_MEASURED = "not measured"

# Why the lab's zoos make none: never a silent 100 %.
WHY_NOT = {
    Origin.CRASH_NOTE: "a zoo does not panic; tests/guest/test_crash.py looks at one",
}
# Places without a frame that every zoo must have (guest/framelab).
NEGATIVES = {
    "dead-frame",
    "entry-stack",
    "kernel-thread",
    "live-copy",
    "live-copy-with-return-address",
    "module-memory",
}
# What some kernels cannot have.
NOT_THERE = {
    Origin.FTRACE_ARGS: ("bullseye",),
    Origin.MACHINE_CHECK: ("bullseye", "bookworm"),
}
WHY_NOT_THERE = {
    Origin.FTRACE_ARGS: "5.10, where a handler without all registers is given none",
    Origin.MACHINE_CHECK: "5.10 and 6.1, which are built without CONFIG_X86_MCE",
}

_HEAD = """\
# Precision and recall

The lab makes frames on purpose in guests (`scripts/lab zoo-a`, `zoo-b`, `zoo-c`) and compares them
with the answer of `inspector frames` for a dump of each guest. A module in the guest knows the
address of every frame from the kernel: the argument of a handler, or `task_pt_regs`. QEMU injects
machine checks into CPUs that are held; the module knows where their frames lie, QEMU what they
hold. Every CPU is held while the dump is taken, so anything that the module does not list is not a
frame. Each frame that the CPU pushed is also looked up in the log of the emulated CPU
(`scripts/oracle`). `scripts/accuracy` makes this page, `tests/guest/test_accuracy.py` compares it
in every run of `scripts/test`.

Each cell: precision, recall (number of frames that exist). The lab cannot make #VC and x32 frames,
nor boot kernels before 5.8.
"""


_STATEMENTS = "\n# Statements\n"
_STATEMENTS_HEAD = """
Every statement of `inspector explain` about every frame of those guests, by rule id, is checked
against independent sources (`tests/guest/predicates.py`): the module in the guest, the emulated
CPU's log of traps (vector, error code, privilege, CR2, selectors, flags, working registers), memory
and symbols of the dump as drgn reads them, and the source of the programs that the guest ran. The
predicate of each rule is also applied to frames of every other origin, where it must turn out
false. The answers of `inspector probe` are compared with `register_kprobe()`
(`tests/guest/test_probe.py`), statements about mappings and hung tasks with /proc and khungtaskd,
and those about logs with labelled logs (`tests/logs`).

Each cell: false statements (checked statements).
"""


def measured(suite: str) -> list[Origin]:
    """The origins that a suite's zoos must have."""
    left_out = {*WHY_NOT, Origin.UNKNOWN}
    return [o for o in Origin if o not in left_out and suite not in NOT_THERE.get(o, ())]


def table(scores: Mapping[str, Score], releases: Mapping[str, str]) -> str:
    """The page: a row an origin, a column a kernel, and the places without a frame."""
    head = "| origin | " + " | ".join(releases[suite] for suite in scores) + " |"
    lines = [_HEAD, head, "|---" * (len(scores) + 1) + "|"]
    for origin in Origin:
        if origin is not Origin.UNKNOWN:
            cells = " | ".join(_cell(score, origin.value) for score in scores.values())
            lines.append(f"| `{origin.value}` | {cells} |")
    lines += ["", "Places without a frame, and how many were reported as one:", ""]
    lines.append(head.replace("origin", "place", 1))
    lines.append("|---" * (len(scores) + 1) + "|")
    for kind in sorted({kind for score in scores.values() for kind in score.negatives}):
        cells = " | ".join(_negative(score, kind) for score in scores.values())
        lines.append(f"| {kind} | {cells} |")
    lines += ["", *(f"- `{o.value}` is not measured: {why}." for o, why in WHY_NOT.items())]
    lines += [f"- `{o.value}` is not there on {why}." for o, why in WHY_NOT_THERE.items()]
    lines.append("")
    return "\n".join(lines)


ENOUGH = 30  # checked statements of a rule on a kernel


def statements_section(
    tallies: Mapping[str, Tally], releases: Mapping[str, str], suites: Sequence[str]
) -> str:
    """A row a rule, a column a kernel: statements that were checked, and how many were false.

    :param suites: the columns; one that is not in ``tallies`` is not measured
    """
    rules = sorted({rule for tally in tallies.values() for rule in tally.checked})
    head = "| rule | " + " | ".join(releases.get(suite, suite) for suite in suites) + " |"
    lines = [f"{_STATEMENTS}{_STATEMENTS_HEAD}", head, "|---" * (len(suites) + 1) + "|"]
    for rule in rules:
        cells = " | ".join(_checked(tallies.get(suite), rule) for suite in suites)
        lines.append(f"| `{rule}` | {cells} |")
    lines += ["", f"Fewer than {ENOUGH} on a kernel, or none:", ""]
    lines += [f"- `{rule}`: {why}." for rule, why in sorted(WHY_FEW.items())]
    lines += ["", "Rules that nothing else can judge:", ""]
    lines += [f"- `{rule}`: {why}." for rule, why in sorted(WHY_NONE.items())]
    return "\n".join([*lines, ""])


def _checked(tally: Tally | None, rule: str) -> str:
    checked = tally.checked[rule] if tally else 0
    return f"{tally.false[rule]} false ({checked})" if tally and checked else NOT_MEASURED


def statement_cells(page: str, suites: Sequence[str]) -> dict[tuple[str, str], str]:
    """Of a page: suite and rule → what stands there, without counts; what was not measured not."""
    _, _, section = page.partition(_STATEMENTS)
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `"]
    return {
        (suite, name.strip("`")): comparable(cell)
        for name, *cells in rows
        for suite, cell in zip(suites, cells, strict=False)
        if cell != NOT_MEASURED
    }


def without_statements(page: str) -> str:
    """The part of a page that comes before them."""
    before, _, _ = page.partition(_STATEMENTS)
    return f"{before.rstrip()}\n"


def comparable(page: str) -> str:
    """What must not change from run to run: guests have a thread more or less, and suites roll."""
    return re.sub(r" \(\d+\)|\d+\.\d+\S*-amd64", "", page)


def _cell(score: Score, origin: str) -> str:
    if not score.true[origin]:
        return NOT_MEASURED
    precision, recall = score.precision(origin), score.recall(origin)
    return f"{_percent(precision)}, {_percent(recall)} ({score.true[origin]})"


def _negative(score: Score, kind: str) -> str:
    return f"{score.false_alarms(kind)} ({score.negatives[kind]})"


def _percent(share: float) -> str:
    """Never rounded up to 100."""
    return "100 %" if share == 1 else f"{min(share * 100, 99.9):.1f} %"
