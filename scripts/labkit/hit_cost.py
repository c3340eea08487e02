# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hit costs, in instructions, on one emulated CPU that counts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache
from labkit.errors import LabError
from labkit.kit import ensure_kit
from labkit.play_script import PlayScript
from labkit.suites import Suite

MECHANISMS = ("ftrace", "int3", "optimised", "return")
# Of an empty handler's hit: what one may cost when filtered, and recorded with 512 bytes of stack.
MOST_FILTERED, MOST_RECORDED = 1.5, 3.0
# A record's `rep movsq`: both frames and the slice.
_COPIES = 3


@dataclass(frozen=True, slots=True)
class HitCost:
    """Instructions of one hit, the mechanism's own included, by what the handler does.

    The emulator counts each word that a ``rep movsq`` moves; a CPU retires it as one instruction.
    """

    suite: str
    mechanism: str
    empty: int
    filtered: int
    recorded: int  # as the emulator counts
    words: int  # of these, moved by a copy

    @property
    def retired(self) -> int:
        """What a recorded hit retires on a CPU."""
        return self.recorded - self.words + _COPIES

    @property
    def filtered_ratio(self) -> float:
        return self.filtered / self.empty

    @property
    def recorded_ratio(self) -> float:
        return self.recorded / self.empty

    @property
    def retired_ratio(self) -> float:
        return self.retired / self.empty

    @property
    def within(self) -> bool:
        return self.filtered_ratio <= MOST_FILTERED and self.retired_ratio <= MOST_RECORDED


def hit_costs(suite: Suite, output: Path, limit: float) -> list[HitCost]:
    """Boot a guest that counts, and have each mechanism hit."""
    kit = ensure_kit(Cache(), suite)
    script = f"freezelab {suite.past_fentry} cost\n"
    PlayScript(suite, kit, script, output, limit, counting=True).run()
    said = facts_of(output / "result")
    return [_cost(suite.name, mechanism, said) for mechanism in MECHANISMS]


def facts_of(result: Path) -> dict[str, str]:
    """The ``key=value`` lines of a scene's result.

    :raises LabError: if it failed
    """
    lines = result.read_text(errors="replace").splitlines()
    if "done" not in lines:
        failed = [line for line in lines if line.startswith("FAIL")] or lines[-3:]
        raise LabError(f"freezelab: {' '.join(failed)}: {result}")
    pairs = (line.partition("=") for line in lines)
    return {key: value for key, equals, value in pairs if equals and " " not in key}


def _cost(suite: str, mechanism: str, said: Mapping[str, str]) -> HitCost:
    empty, filtered, recorded, words = (
        int(said[f"cost.{mechanism}.{figure}"])
        for figure in ("empty", "filtered", "recorded", "words")
    )
    return HitCost(suite, mechanism, empty, filtered, recorded, words)


def cost_table(costs: list[HitCost]) -> str:
    lines = [
        f"{'suite':10}{'mechanism':11}{'empty':>7}{'filtered':>16}"
        f"{'recorded, 512 bytes':>22}{'retired by a CPU':>22}"
    ]
    lines += [
        f"{cost.suite:10}{cost.mechanism:11}{cost.empty:7}"
        f"{cost.filtered:8} ({cost.filtered_ratio:4.2f}x){cost.recorded:14} "
        f"({cost.recorded_ratio:4.2f}x){cost.retired:14} "
        f"({cost.retired_ratio:4.2f}x){'' if cost.within else '  TOO MUCH'}"
        for cost in costs
    ]
    return "\n".join(lines)
