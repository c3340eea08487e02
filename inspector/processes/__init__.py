# SPDX-License-Identifier: LGPL-2.1-or-later
"""Readers in children, an ordered pool, signals, and files that appear whole or not at all."""

from __future__ import annotations
