# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as Markdown, with the machine and the date they belong to."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from benchkit.measure import Run, median

_HEAD = """\
| | wall, s | CPU, s | peak, MiB | wall, times | CPU, times | peak, times |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |"""


def heading(title: str, rounds: int) -> str:
    """What was measured, where and when."""
    return (
        f"### {title}\n\n{date.today().isoformat()}, {_processor()}, {os.cpu_count()} CPUs,"
        f" Python {platform.python_version()}; medians of {rounds} runs in turn\n"
    )


def table(runs: Mapping[str, Sequence[Run]], of: str) -> str:
    """A line a contender; "times" is how many times the figure of ``of`` it needs."""
    base = [median(runs[of], figure) for figure in _FIGURES]
    lines = [_HEAD]
    for name, its_runs in runs.items():
        own = [median(its_runs, figure) for figure in _FIGURES]
        cells = [f"{own[0]:.2f}", f"{own[1]:.2f}", f"{own[2]:.0f}"]
        cells += [f"{mine / other:.2f}" for mine, other in zip(own, base, strict=True)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_FIGURES = (lambda r: r.wall, lambda r: r.cpu, lambda r: r.peak)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
