# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finding names by what was typed: those that begin so, those that contain it, then the rest.

150,000 names must answer between two keystrokes. So the first two never look at a name in Python
that does not match (bisection, and ``str.find`` over one string), and the third, for when they
find nothing, looks at those only that have all the letters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

_LEAST_FUZZY = 3  # of fewer characters, what contains them is enough
_MOST_LOOKED_AT = 30_000  # keeps a keystroke short whatever is typed
_BETWEEN = "\n"  # in no name
# Letters of kernel symbols; the first ones leave the fewest names to look at.
_RARE_FIRST = "zjqxwyk8639754210vhfgbmupcoldn.aistre_"


class SortedNames:
    """Many names, without doubles, in alphabetical order."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = sorted({name for name in names if _BETWEEN not in name})
        self._text = _BETWEEN + _BETWEEN.join(self._names) + _BETWEEN
        folded = self._text.lower()
        # A letter may fold to two; then nothing is folded, for places must agree.
        self._folded = folded if len(folded) == len(self._text) else self._text

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._names, name)
        return at < len(self._names) and self._names[at] == name

    def matches(self, typed: str, limit: int = 200) -> list[str]:
        """Up to ``limit`` names that ``typed`` may mean, the likeliest first."""
        found = dict.fromkeys(islice(self._beginning(typed), limit))
        if typed and len(found) < limit:
            found.update(dict.fromkeys(islice(self._containing(typed.lower()), limit)))
        if len(typed) >= _LEAST_FUZZY and not found:
            found.update(dict.fromkeys(self._with_letters(typed)))
        return list(islice(found, limit))

    def _beginning(self, typed: str) -> Iterator[str]:
        for at in range(bisect_left(self._names, typed), len(self._names)):
            if not self._names[at].startswith(typed):
                return
            yield self._names[at]

    def _containing(self, folded: str) -> Iterator[str]:
        at = self._folded.find(folded)
        while at >= 0:
            end = self._folded.index(_BETWEEN, at)
            yield self._text[self._text.rindex(_BETWEEN, 0, at + 1) + 1 : end]
            at = self._folded.find(folded, end)

    def _with_letters(self, typed: str) -> list[str]:
        """Names that have these letters in this order, the shortest first."""
        some = self._names
        for letter in sorted(set(typed), key=_RARE_FIRST.find):
            some = [name for name in some if letter in name]
        in_order = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in typed))
        found = [name for name in some[:_MOST_LOOKED_AT] if in_order.match(name)]
        return sorted(found, key=lambda name: (len(name), name))
