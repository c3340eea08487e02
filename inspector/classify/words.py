# SPDX-License-Identifier: LGPL-2.1-or-later
"""How evidence is put into words."""

from __future__ import annotations

from inspector.model.candidate import Candidate, Word
from inspector.model.evidence import Evidence, Place, PlacedEvidence


def return_address(word: Word) -> Evidence:
    """The evidence that ``[regs - 8]`` is."""
    return placed_return_address(word).at(word.address + 8, None)


def placed_return_address(word: Word) -> PlacedEvidence:
    """The same, of any frame with that word below it."""
    text = (
        f"the word below the frame, {word.value:#x}, is the return address of the call"
        f" that was given the frame: {describe(word)}"
    )
    return PlacedEvidence("return-address", text, Place.BELOW)


def describe(word: Word) -> str:
    """What the value of ``word`` points into."""
    if word.region is not None:
        offset = word.value - word.region.low
        return f"{word.region.kind.value} of {word.region.owner}, +{offset:#x}"
    return str(word.location) if word.location else "no text that a symbol covers"


def not_evidence(candidate: Candidate) -> Evidence:
    """Why nothing can be said of where ``candidate`` came from."""
    return placed_not_evidence(candidate.below).at(candidate.address, None)


def placed_not_evidence(word: Word | None) -> PlacedEvidence:
    """The same, of any frame with that word below it; None where it cannot be read."""
    if word is None:
        text = "the word below the frame cannot be read"
        return PlacedEvidence("word-below-unreadable", text, Place.NOWHERE)
    text = f"the word below the frame, {word.value:#x}, is not in entry code: {describe(word)}"
    return PlacedEvidence("word-below-not-entry", text, Place.BELOW)
