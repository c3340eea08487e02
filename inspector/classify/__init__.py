# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pure rules: from a candidate to an origin with evidence."""

from __future__ import annotations
