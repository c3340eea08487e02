# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finding: candidates with their raw surroundings."""

from __future__ import annotations
