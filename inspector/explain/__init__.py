# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pure: what each register means in a frame of its origin."""

from __future__ import annotations
