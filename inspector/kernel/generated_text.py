# SPDX-License-Identifier: LGPL-2.1-or-later
"""All text that the kernel generated and no symbol covers, as one look-up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from inspector.model.region import CodeRegion


class GeneratedText:
    """Finds the region an address is in; regions never overlap, they are allocations."""

    def __init__(self, regions: Iterable[CodeRegion]) -> None:
        self._regions = sorted(regions, key=lambda region: region.low)
        self._lows = [region.low for region in self._regions]

    @property
    def regions(self) -> tuple[CodeRegion, ...]:
        """Every region, ascending."""
        return tuple(self._regions)

    def at(self, address: int) -> CodeRegion | None:
        """The region that holds ``address``, or None."""
        i = bisect_right(self._lows, address)
        if i and address in self._regions[i - 1]:
            return self._regions[i - 1]
        return None
