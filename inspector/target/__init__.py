# SPDX-License-Identifier: LGPL-2.1-or-later
"""From what a user names to an open target: memory, types, symbols, identity."""

from __future__ import annotations
