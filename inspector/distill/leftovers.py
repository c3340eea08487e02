# SPDX-License-Identifier: LGPL-2.1-or-later
"""Search a finished small dump for data that was removed from it.

The file is opened anew and its pages are decompressed by a reader that shares nothing with the
writer. Three things must be so:

- no place that was to be replaced holds what it held;
- no text that was taken out (a task's name, a line of the log) stands anywhere as a whole word but
  in the kernel's own tables, which hold such words of themselves (``init``, ``kthreadd``);
- no word that was taken out of a stack or a frame stands on a stack, unless a frame shows it too.

A *string* is a run of four bytes or more without NUL: shorter ones stand everywhere.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspector.errors import TargetError
from inspector.facts.addresses import PAGE_SHIFT, PAGE_SIZE
from inspector.formats.kdump import KdumpPages, tables_of
from inspector.formats.notes import Note, unpack
from inspector.model.distillate import PageKind, SensitiveKind

_KERNELS_OWN = frozenset(
    {PageKind.BTF, PageKind.KALLSYMS, PageKind.MODULE, PageKind.ORC, PageKind.TEXT}
)
_LEAST = 4
_STRING = re.compile(rb"[^\0]{4,}")
_OF_A_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz.")
_WORDS = struct.Struct(f"<{PAGE_SIZE // 8}Q")
_TEXTS = frozenset({SensitiveKind.TASK_NAMES, SensitiveKind.LOG})


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of one page frame that were taken out.

    :ivar start: where in the page
    :ivar before: what they were
    """

    kind: SensitiveKind
    frame: int
    start: int
    before: bytes


@dataclass(slots=True)
class Removed:
    """What was taken out of a small dump, and what was left on purpose.

    :ivar kinds: what was to be taken out
    :ivar shown: words that frames still show
    :ivar left: page frame → half-open byte ranges of data that was kept though it may be a user's
    """

    kinds: frozenset[SensitiveKind]
    pieces: list[Piece] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)
    left: defaultdict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))


def check_leftovers(
    small: Path, removed: Removed, notes: Collection[Note], kinds: Mapping[int, PageKind]
) -> None:
    """Check that nothing of ``removed`` is in the dump ``small``.

    :param notes: the CPUs' notes that it is to have
    :param kinds: page frame → what it is kept for, of every page that it is to have
    :raises TargetError: for the first thing that is, or if the dump cannot be searched
    """
    try:
        pages = KdumpPages(small)
        with small.open("rb") as file:
            tables = tables_of(file)
            file.seek(tables.notes)
            area = file.read(tables.notes_size)
    except (OSError, struct.error) as error:
        raise TargetError(f"the redacted dump cannot be searched: {error}") from None
    if [note for note in unpack(area) if note.is_cpu] != list(notes):
        raise TargetError("the redacted dump has other CPU notes than were written")
    search = _Search(removed)
    for frame, kind in kinds.items():
        page = pages.page(frame)
        if page is None:
            raise TargetError(f"the redacted dump cannot be searched: page {frame:#x} is missing")
        for start, of in search.found(frame, page, kind):
            raise TargetError(
                f"{of.value}: removed data is still at physical address"
                f" {(frame << PAGE_SHIFT) + start:#x}; no dump was written"
            )


class _Search:
    def __init__(self, removed: Removed) -> None:
        self._removed = removed
        self._pieces: dict[int, list[Piece]] = defaultdict(list)
        # By their first bytes: most of what is looked at begins like none of them.
        self._texts: dict[bytes, dict[bytes, SensitiveKind]] = defaultdict(dict)
        self._words: dict[int, SensitiveKind] = {}
        for piece in removed.pieces:
            self._pieces[piece.frame].append(piece)
            if piece.kind in _TEXTS:
                for text in _lines(piece.before):
                    self._texts[text[:_LEAST]][text] = piece.kind
            elif len(piece.before) == 8 and _STRING.search(piece.before):
                self._words[int.from_bytes(piece.before, "little")] = piece.kind
        for word in removed.shown:
            self._words.pop(word, None)

    def found(self, frame: int, page: bytes, kind: PageKind) -> Iterator[tuple[int, SensitiveKind]]:
        """Offsets in ``page`` of what was to be taken out, and its kind."""
        for piece in self._pieces.get(frame, ()):
            end = piece.start + len(piece.before)
            if _STRING.search(piece.before) and page[piece.start : end] == piece.before:
                yield piece.start, piece.kind
        on_stack = kind is PageKind.STACK
        if on_stack and SensitiveKind.STACK_DATA not in self._removed.kinds:
            return
        if kind not in _KERNELS_OWN:
            yield from self._texts_in(frame, page)
        if on_stack:
            words = _WORDS.unpack(page)
            for word in self._words.keys() & set(words):
                yield 8 * words.index(word), self._words[word]

    def _texts_in(self, frame: int, page: bytes) -> Iterator[tuple[int, SensitiveKind]]:
        left = self._removed.left.get(frame, ())
        for run in _STRING.finditer(page):
            for at in range(run.start(), run.end() - _LEAST + 1):
                for text, kind in self._texts.get(page[at : at + _LEAST], {}).items():
                    is_there = page.startswith(text, at) and _is_whole(page, at, at + len(text))
                    if is_there and not any(low <= at < high for low, high in left):
                        yield at, kind


def _lines(text: bytes) -> Iterable[bytes]:
    for run in _STRING.findall(text):
        yield from (line for line in run.split(b"\n") if len(line) >= _LEAST)


def _is_whole(page: bytes, start: int, end: int) -> bool:
    """Whether ``[start, end)`` begins and ends where words do."""
    before = start > 0 and page[start - 1] in _OF_A_WORD and page[start] in _OF_A_WORD
    after = end < PAGE_SIZE and page[end] in _OF_A_WORD and page[end - 1] in _OF_A_WORD
    return not before and not after
