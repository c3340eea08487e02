# SPDX-License-Identifier: LGPL-2.1-or-later
"""Find frames: candidates with their raw surroundings."""

from __future__ import annotations
