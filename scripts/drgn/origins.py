# SPDX-License-Identifier: LGPL-2.1-or-later
"""What put the frames on all stacks there, counted: drgn -c vmcore scripts/drgn/origins.py"""

import sys
from collections import Counter

from drgn import get_default_prog

import inspector

kernel = inspector.of_program(get_default_prog())
counted = Counter(frame.origin.value for frame in kernel.frames(kernel.tasks()))
for origin, count in counted.most_common():
    print(f"{count:>7} {origin}")
for missing in kernel.missing:
    print("not read:", missing, file=sys.stderr)
