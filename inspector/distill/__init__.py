# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump with only what a report read: it answers the same, and nothing else is in it."""

from inspector.distill.kinds import KindSize, PageKind
from inspector.distill.small import Distillate, Report, distill

__all__ = ["Distillate", "KindSize", "PageKind", "Report", "distill"]
