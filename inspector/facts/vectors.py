# SPDX-License-Identifier: LGPL-2.1-or-later
"""Vectors of exceptions (arch/x86/include/asm/trapnr.h)."""

from __future__ import annotations

# Exceptions that are faults: the ip that they save is that of the instruction that raised them
# (Intel SDM vol. 3, 6.15). Traps save the next one; of #DF and #MC nothing is promised.
FAULTS = frozenset({0, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19, 20, 21})
