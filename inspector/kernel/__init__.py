# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read the kernel's structures; the only room that knows differences between kernels."""

from __future__ import annotations
