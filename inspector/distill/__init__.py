# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump with only what a report read: it answers the same, and nothing else is in it."""

from __future__ import annotations

from inspector.distill.small import Reading, Report, distill

__all__ = ["Reading", "Report", "distill"]
