# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the guest itself knew, as JSON: the truth that a dump is checked against."""

import json
from collections import defaultdict
from pathlib import Path


def parse_facts(text: str) -> dict[str, object]:
    """The ``key=value`` lines of guest/init; ``group.key=value`` lines make an object."""
    facts: dict[str, object] = {}
    groups: defaultdict[str, dict[str, str]] = defaultdict(dict)
    kprobes: list[dict[str, object]] = []
    for line in text.splitlines():
        key, _, value = line.partition("=")
        group, dot, member = key.partition(".")
        if dot:
            groups[group][member] = value
        elif key == "kprobe":
            kprobes.append(_parse_kprobe(value))
        else:
            facts[key] = int(value) if value.isdigit() else value
    return {**facts, **groups, "kprobes": kprobes}


def _parse_kprobe(line: str) -> dict[str, object]:
    """A line of debugfs kprobes/list (report_probe(), kernel/kprobes.c).

    ``ffffffffaf8941a0  k  kernel_clone+0x0    [FTRACE]``
    """
    address, _, place, *rest = line.split()
    flags = [word.strip("[]") for word in rest if word.startswith("[")]
    return {"address": f"0x{address}", "place": place, "flags": flags}


def write_facts(path: Path, facts: dict[str, object]) -> None:
    path.write_text(json.dumps(facts, indent=1) + "\n")
