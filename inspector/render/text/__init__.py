# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers as text on a terminal. The only home of rich."""

from __future__ import annotations
