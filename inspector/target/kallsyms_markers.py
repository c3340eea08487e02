# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms' markers: the offsets of every 256th name, 32-bit words that ascend from 0.

They end where ``kallsyms_token_table`` begins, or where ``kallsyms_seqs_of_names`` does, which
6.2 and 6.3 have in between (commit 60443c88f3a8; 6.1.192 has it too): three bytes a
symbol.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from inspector.target.kallsyms_memory import Read, read_with_holes
from inspector.target.kallsyms_tokens import MOST_PADDING

GROUP = 256
"""Symbols a marker."""

LONGEST_NAME = 2 + 512
"""A length of two bytes, and a token for each of KSYM_NAME_LEN characters."""

_WORD = 4
_SEQUENCE = 3

_LEAST_STEP = GROUP * 2  # a name is at least a length and a token
_MOST_STEP = GROUP * LONGEST_NAME

# How far down to look, in turn. The last holds the sequences of two million symbols; an
# allyesconfig has half a million.
_REACHES = (1 << 16, 1 << 19, 1 << 21, 1 << 23)


@dataclass(frozen=True, slots=True)
class Markers:
    """What may be the markers.

    :ivar address: of the first
    """

    address: int
    offsets: tuple[int, ...]

    @property
    def end(self) -> int:
        """The first address behind the last."""
        return self.address + _WORD * len(self.offsets)


def markers_below(read: Read, low: int, token_table: int) -> Iterator[Markers]:
    """Candidates below ``token_table`` whose number and distance go together.

    The sequences may be missing from a dump that holds only what is read.

    :param low: where the kernel image begins
    """
    for reach in _REACHES:
        start = max(low, token_table - reach)
        yield from _among(read_with_holes(read, start, token_table), token_table)
        if start == low:
            return


def _among(data: bytes, token_table: int) -> Iterator[Markers]:
    words = struct.unpack_from(f"<{len(data) // _WORD}I", data, len(data) % _WORD)
    for i in range(len(words) - 2, -1, -1):
        if not words[i] and _LEAST_STEP <= words[i + 1] <= _MOST_STEP:
            markers = Markers(token_table - _WORD * (len(words) - i), _run(words, i))
            if _goes_with(markers, token_table - markers.end):
                yield markers


def _run(words: tuple[int, ...], first: int) -> tuple[int, ...]:
    last = first
    while last + 1 < len(words) and _LEAST_STEP <= words[last + 1] - words[last] <= _MOST_STEP:
        last += 1
    return words[first : last + 1]


def _goes_with(markers: Markers, gap: int) -> bool:
    """Whether ``gap``, up to the table of tokens, is padding, or the sequences and padding."""
    most = len(markers.offsets) * GROUP
    sequences = range(_SEQUENCE * (most - GROUP), _SEQUENCE * most + 2 * MOST_PADDING)
    return gap < MOST_PADDING or gap in sequences
