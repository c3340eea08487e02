# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables: one table for one fact."""

from __future__ import annotations
