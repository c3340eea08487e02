# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kprobe events fetch, and how their lines in the trace read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS, Registers
from inspector.model.task import escape_comm

# The comm is up to 15 bytes of anything: what looks like the rest of a line in it comes first,
# and ".*" takes the last that fits.
_LINE = re.compile(
    r"^ *(?P<comm>.*)-(?P<pid>\d+) +\[(?P<cpu>\d+)\] +\S+ +(?P<seconds>\d+\.\d+): "
    r"(?P<event>\w+): \((?P<where>[^)]*)\)(?P<fetched>( \w+=0x[0-9a-f]+)+)$",
    re.ASCII,
)
_BUFFER = re.compile(r"entries-in-buffer/entries-written: (\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One hit as the trace has it.

    :ivar where: ``symbol+0x…``, without the function's size; of a return the function
    """

    event: str
    comm: str
    pid: int
    cpu: int
    seconds: str
    where: str
    registers: Registers
    entry: Registers | None


# optimized_callback() (arch/x86/kernel/kprobes/opt.c) sets cs, of which 16 bits since 6.9: the
# rest of the word is whatever lay there.
_SIZES = {"cs": "x16"}


def fetched(entry: bool) -> str:
    """Every register; with ``entry`` also the frame that di points to."""
    own = [f"r_{name}=%{name}:{_SIZES.get(name, 'x64')}" for name in REGISTER_NAMES]
    through = [f"e_{name}=+{at}(%di):x64" for name, at in REGISTER_OFFSETS.items()]
    return " ".join(own + through * entry)


def trace_lines(text: str) -> Iterator[TraceLine]:
    """Every hit in the trace, in its order."""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        pairs = (pair.split("=") for pair in found["fetched"].split())
        words = {name: int(word, 16) for name, word in pairs}
        entry = _registers(words, "e_") if "e_orig_ax" in words else None
        yield TraceLine(
            found["event"],
            escape_comm(found["comm"].encode("utf-8", "surrogateescape")),
            int(found["pid"]),
            int(found["cpu"]),
            found["seconds"],
            found["where"].rpartition(" <- ")[2].split("/")[0],
            _registers(words, "r_"),
            entry,
        )


def overrun(text: str) -> int:
    """How many entries the ring buffer dropped."""
    counts = _BUFFER.search(text)
    return int(counts[2]) - int(counts[1]) if counts else 0


def _registers(words: dict[str, int], prefix: str) -> Registers:
    return Registers(**{name: words[f"{prefix}{name}"] for name in REGISTER_NAMES})
