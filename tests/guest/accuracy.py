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

Frames that the lab made on purpose (`scripts/lab zoo-a`, `zoo-b`, `zoo-c`), against what
`inspector frames` says of a dump of each guest. The guest's own module knows every frame's
address from the kernel: it is what a handler was given, or `task_pt_regs`. Machine checks are
injected from outside into CPUs that are held already; their frames' place is the module's word,
what they hold that of QEMU. Every CPU is held while the dump is taken, so what is not listed is no
frame. Each frame that the CPU pushed is also looked up in the emulated CPU's own log
(`scripts/oracle`). Made by `scripts/accuracy`, compared by `tests/guest/test_accuracy.py`, in every
run of `scripts/test`.

Each cell: precision, recall (frames that are there). #VC and x32 cannot be made here either,
nor kernels before 5.8.
"""


_STATEMENTS = "\n# Statements\n"
_STATEMENTS_HEAD = """
What `inspector explain` says of every frame of those zoos, by rule id, against what knows the
truth without us (`tests/guest/predicates.py`): the guest's own module, the emulated CPU's log of
its traps (vector, error code, privilege, CR2, selectors, flags, working registers), the dump's
memory and symbols as drgn reads them, and the source of what the guest ran. Each rule's statements
are also held against frames of every other origin, where they must turn out false.
What `inspector probe` says is held against `register_kprobe()` (`tests/guest/test_probe.py`), what
is said of mappings and hung tasks against /proc and khungtaskd, what logs tell against labelled
logs (`tests/logs`).

Each cell: statements that are false (statements that were checked).
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
