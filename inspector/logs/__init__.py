# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames in a kernel log: no dump and no root needed."""

from __future__ import annotations
