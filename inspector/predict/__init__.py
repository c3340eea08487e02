# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pure rules: what a probe at a place would do and hold."""

from __future__ import annotations
