# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write a small dump that holds only what the answers read."""

from __future__ import annotations

from inspector.distill.small import Reading, Report, distill

__all__ = ["Reading", "Report", "distill"]
