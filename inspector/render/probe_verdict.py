# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first lines of ``inspector probe``: what would become of the probe."""

from __future__ import annotations

from rich.text import Text

from inspector.model.kprobe import Mechanism
from inspector.model.probe_answer import Optimisation, Outcome, ProbeAnswer, Rename
from inspector.render import style
from inspector.render.safe import safe

_STYLES = {
    Outcome.ACCEPTED: style.DECODED,
    Outcome.REFUSED: style.NOTICE,
    Outcome.UNKNOWN: style.NOTICE,
}


def verdict(told: ProbeAnswer) -> Text:
    """One line that answers."""
    outcome = told.registration.outcome
    line = Text(safe(str(told.location)), style.STRONG)
    line.append(": ", "default")
    line.append(outcome.value, f"{style.STRONG} {_STYLES[outcome]}")
    line.append(_words(told), "default")
    return line


def rename_line(renamed: Rename) -> Text:
    """When the function got its name."""
    first, *rest = renamed.steps
    names = safe(first[0]) + "".join(f", {safe(name)} since {since}" for name, since in rest)
    return Text(f"{safe(renamed.asked)} is {safe(renamed.found)} here ({names})", style.LABEL)


def _words(told: ProbeAnswer) -> str:
    if told.registration.outcome is Outcome.REFUSED:
        why = told.registration.evidence[0].text
        return safe(f" with {told.registration.errno}: {why}")
    words = f"; {_mechanism(told)}" if told.registration.outcome is Outcome.UNKNOWN else ""
    if told.registration.outcome is Outcome.ACCEPTED:
        words = f", {_mechanism(told)}"
    if told.events.outcome is Outcome.REFUSED:
        words += f"; from a module only: tracefs, perf and bpftrace get {told.events.errno}"
    return words


def _mechanism(told: ProbeAnswer) -> str:
    if told.mechanism is Mechanism.FTRACE:
        return "called from the function's ftrace site: no trap"
    if told.mechanism is Mechanism.INT3 and told.optimisation is not None:
        return f"by an int3{_later(told.optimisation)}"
    return "the mechanism could not be told"


def _later(later: Optimisation) -> str:
    if later.possible is Outcome.REFUSED:
        return f", never a jump: {safe(later.evidence[0].text)}"
    if later.possible is Outcome.UNKNOWN or later.allowed is None:
        return "; whether it becomes a jump could not be told"
    if later.allowed:
        return ", then optimised into a jump"
    return "; no jump replaces it while debug.kprobes-optimization is off"
