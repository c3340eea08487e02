# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instruction that IBT wants at the target of an indirect branch."""

from __future__ import annotations

# is_endbr(), asm/ibt.h: ENDBR64, ENDBR32, and the two NOPs that poison it.
ENDBR = (b"\xf3\x0f\x1e\xfa", b"\xf3\x0f\x1e\xfb", b"\x66\x0f\x1f\x00", b"\x0f\x1f\x40\xd6")
ENDBR_SIZE = 4
