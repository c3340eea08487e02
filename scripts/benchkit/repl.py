# SPDX-License-Identifier: LGPL-2.1-or-later
"""The prompt: how soon it is there, and what a keystroke's completion costs."""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from inspector.commands.completion import Names, SortedNames
from inspector.commands.session import Session
from inspector.repl.completer import LineCompleter
from inspector.repl.runner import Runner
from inspector.repl.workbench import Workbench
from inspector.target.spec import TargetKind, TargetSpec

_INSPECTOR = Path(sys.executable).parent / "inspector"
_PROMPT_LIMIT, _KEYSTROKE_LIMIT = 0.5, 0.050  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")

_COLUMNS = "| wall, ms | CPU, ms | limit, ms |\n| --- | ---: | ---: | ---: |"

# Typed letter by letter: what begins so, what contains it, letters in order, and nothing at all.
_TYPED = ("kernel_clone+5", "syscall_64", "kclon", "dosys64", "eeeeee", "zzzz", "x64sysread")


@dataclass(frozen=True, slots=True)
class _Cost:
    """In seconds; ``cpu`` of the program alone, whatever else the machine does."""

    wall: float
    cpu: float


def add(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("--rounds", type=int, default=5, help="starts (5)")
    parser.add_argument("--symbols", type=int, default=150_000, help="names to complete (150000)")


def main(options: argparse.Namespace) -> int:
    """Print both tables; 1 if a limit is passed, by processor time."""
    starts = [_start() for _ in range(options.rounds)]
    prompt = _median([first for first, _ in starts])
    opened = _median([second for _, second in starts])
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; medians of {options.rounds}\n")
    print(f"| start on the shipped dump {_COLUMNS}")
    _row("first prompt", prompt, _PROMPT_LIMIT)
    _row("target open, and greeted", opened, None)
    keystrokes = list(_keystrokes(options.symbols))
    print(f"\n| the worst letter of, over {options.symbols:,} names {_COLUMNS}")
    worst = []
    for typed, costs in keystrokes:
        slowest = max(costs, key=lambda cost: cost.cpu)
        _row(f"`probe {typed}`", slowest, _KEYSTROKE_LIMIT)
        worst.append(slowest.cpu)
    return int(prompt.cpu > _PROMPT_LIMIT or max(worst) > _KEYSTROKE_LIMIT)


def _start() -> tuple[_Cost, _Cost]:
    """What it costs until the prompt can be typed at, and until the target is open."""
    with TemporaryDirectory() as home:
        usual = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        usual["PROMPT_TOOLKIT_NO_CPR"] = "1"  # nobody answers here
        begun = time.monotonic()
        child = pexpect.spawn(
            str(_INSPECTOR), ["repl", "--demo"], env={**usual, "HOME": home}, dimensions=(30, 100)
        )
        child.expect_exact("inspector>")
        first = _Cost(time.monotonic() - begun, _processor_time(child.pid))
        child.expect_exact("Tab completes")
        second = _Cost(time.monotonic() - begun, _processor_time(child.pid))
        child.close(force=True)
    return first, second


def _processor_time(pid: int) -> float:
    """proc(5): utime and stime are the 14th and 15th field, the 2nd may hold blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _keystrokes(count: int) -> Iterator[tuple[str, list[_Cost]]]:
    bench = Workbench(Session(sys.stdout, sys.stderr, ""))
    bench.open(TargetSpec(TargetKind.DEMO))
    assert bench.opened is not None
    assert bench.opened.target is not None
    bench.names = Names(bench.names.tasks, SortedNames(_enough(bench, count)))
    completer = LineCompleter(Runner(bench).turn(sys.stdout))
    event = CompleteEvent(text_inserted=True)
    for typed in _TYPED:
        yield (
            typed,
            [_keystroke(completer, event, f"probe {typed[: at + 1]}") for at in range(len(typed))],
        )


def _enough(bench: Workbench, count: int) -> list[str]:
    """The kernel's names, then variants of them that compilers make, until there are enough."""
    assert bench.opened is not None
    assert bench.opened.target is not None
    own = sorted(bench.opened.target.symbols.functions())
    print(
        f"\nThe shipped kernel has {len(own):,} functions; the rest are their names with suffixes."
    )
    names = [
        f"{name}{suffix}"
        for suffix in ("", ".cold", ".isra.0", ".part.0", ".constprop.0")
        for name in own
    ]
    return names[:count]


def _keystroke(completer: LineCompleter, event: CompleteEvent, line: str) -> _Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    for _completion in completer.get_completions(Document(line), event):
        pass
    return _Cost(time.perf_counter() - wall, time.process_time() - cpu)


def _median(costs: list[_Cost]) -> _Cost:
    return _Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
    )


def _row(name: str, cost: _Cost, limit: float | None) -> None:
    allowed = f"{limit * 1000:.0f}" if limit else ""
    print(f"| {name} | {cost.wall * 1000:.0f} | {cost.cpu * 1000:.0f} | {allowed} |")
