# SPDX-License-Identifier: LGPL-2.1-or-later
"""How evidence is put into words."""

from __future__ import annotations

from inspector.model.candidate import Candidate, Word
from inspector.model.evidence import Evidence


def return_address(word: Word) -> Evidence:
    """The evidence that ``[regs - 8]`` is."""
    return Evidence(
        "return-address",
        f"the word below the frame, {word.value:#x}, is the return address of the call"
        f" that was given the frame: {describe(word)}",
        word.address,
    )


def describe(word: Word) -> str:
    """What the value of ``word`` points into."""
    if word.region is not None:
        offset = word.value - word.region.low
        return f"{word.region.kind.value} of {word.region.owner}, +{offset:#x}"
    return str(word.location) if word.location else "no text that a symbol covers"


def not_evidence(candidate: Candidate) -> Evidence:
    """Why nothing can be said of where ``candidate`` came from."""
    word = candidate.below
    if word is None:
        return Evidence("return-address", "the word below the frame cannot be read")
    return Evidence(
        "return-address",
        f"the word below the frame, {word.value:#x}, is not in entry code: {describe(word)}",
        word.address,
    )
