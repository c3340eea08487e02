# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading the kernel's structures; the only home of version differences."""

from __future__ import annotations
