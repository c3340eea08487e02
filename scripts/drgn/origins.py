# SPDX-License-Identifier: LGPL-2.1-or-later
"""Count the origins of all frames: drgn -c vmcore scripts/drgn/origins.py"""

import sys
from collections import Counter

from drgn import get_default_prog

import inspector

kernel = inspector.from_program(get_default_prog())
found = kernel.frames()
counted = Counter(frame.origin.value for frame in found.frames)
for origin, count in counted.most_common():
    print(f"{count:>7} {origin}")
for missing in found.missing:
    print("not read:", missing, file=sys.stderr)
